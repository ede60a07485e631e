import type { GraphRow, RowShape } from '../shape';
import { isGiven, type Row } from '../values';

/** The sign-in CSV of the Entra admin center. It names no policies. */
export const portal: NonNullable<RowShape['portal']> = {
  is: (row) => isGiven(row['Request ID']) && isGiven(row['Client app']),
  toGraph,
};

function toGraph(row: Row): GraphRow {
  const place = textOf(row['Location']).split(', ');
  const country = place.at(-1);
  const code = row['Status'] === 'Success' ? 0 : Number(row['Sign-in error code']);
  return {
    id: row['Request ID'],
    createdDateTime: row['Date'],
    userId: row['User ID'],
    userPrincipalName: row['Username'],
    userDisplayName: row['User'],
    correlationId: row['Correlation ID'],
    appId: row['Application ID'],
    appDisplayName: row['Application'],
    resourceDisplayName: row['Resource'],
    clientAppUsed: row['Client app'],
    conditionalAccessStatus: textOf(row['Conditional Access']).replaceAll(' ', ''),
    ipAddress: row['IP address'],
    userAgent: row['User agent'],
    ...(Number.isInteger(code) && {
      status: { errorCode: code, failureReason: row['Failure reason'] },
    }),
    ...(country !== undefined &&
      /^[A-Z]{2}$/.test(country) && {
        location: { countryOrRegion: country, city: place.length > 1 ? place[0] : undefined },
      }),
    deviceDetail: {
      deviceId: row['Device ID'],
      operatingSystem: row['Operating System'],
      browser: row['Browser'],
    },
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
