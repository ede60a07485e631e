import { isGiven, type Row } from '../../sources/values';

/** The tables of Defender's advanced hunting that tell of Entra, each with columns that no other shape has. */
const TABLES: readonly (readonly [name: string, columns: readonly string[]])[] = [
  ['AADSpnSignInEventsBeta (EntraIdSpnSignInEvents)', ['ServicePrincipalId', 'ErrorCode']],
  ['AADSignInEventsBeta (EntraIdSignInEvents)', ['AccountObjectId', 'ErrorCode']],
  ['AADSignInEventsBeta (EntraIdSignInEvents)', ['AccountUpn', 'ErrorCode']],
  ['CloudAppEvents', ['RawEventData', 'ActionType']],
  ['IdentityLogonEvents', ['LogonType', 'ActionType', 'Protocol']],
  ['IdentityDirectoryEvents', ['ActionType', 'DestinationDeviceName']],
];

/** The name of the Defender table that a row is of, when it is of one. */
export function defenderTable(row: Row): string | undefined {
  if (!isGiven(row['Timestamp'])) {
    return undefined; // the tables of Log Analytics have TimeGenerated
  }
  const found = TABLES.find(([, columns]) => columns.every((column) => isGiven(row[column])));
  return found?.[0];
}
