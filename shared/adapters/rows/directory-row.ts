import type { ObjectProperties, ObjectRow } from '../../domain/reading/directory';
import { TimeError, toInstant, type Instant } from '../../domain/time';
import type { Row } from '../../sources/values';
import * as field from './fields';
import { RowError } from './fields';

/** How each property of Graph is read, and what it is called here. */
const PROPERTIES: {
  readonly [P in keyof ObjectProperties]: readonly [
    property: string,
    read: (row: Row, property: string) => ObjectProperties[P],
  ];
} = {
  name: ['displayName', (row, property) => field.name(row[property])],
  userPrincipalName: ['userPrincipalName', field.text],
  mail: ['mail', field.text],
  proxyAddresses: ['proxyAddresses', texts],
  userType: ['userType', field.text],
  isEnabled: ['accountEnabled', (row, property) => field.flag(row[property])],
  isSynced: ['onPremisesSyncEnabled', (row, property) => field.flag(row[property])],
  createdAt: ['createdDateTime', time],
  serviceErrors: [
    'serviceProvisioningErrors',
    (row, property) =>
      field.list(row, property, (each) => ({
        isResolved: field.flag(each['isResolved']) === true,
        instance: field.text(each, 'serviceInstance') ?? '',
        detail: field.wordOrNumber(each, 'errorDetail'),
      })),
  ],
  syncErrors: [
    'onPremisesProvisioningErrors',
    (row, property) =>
      field.list(row, property, (each) => ({
        category: field.text(each, 'category') ?? '',
        property: field.text(each, 'propertyCausingError') ?? '',
        value: field.text(each, 'value') ?? '',
      })),
  ],
};

/**
 * One row of a page of users, groups or contacts. A row of a delta query carries only what has changed, so what is absent
 * stays absent; null is a value that was taken away.
 * @throws RowError when the row cannot be used; it never holds a value of the row.
 */
export function toObjectRow(row: Row): ObjectRow {
  const id = field.requiredId(row, 'id');
  const removed = row['@removed'];
  if (removed !== undefined && removed !== null) {
    const reason = field.looseObject(removed)['reason'];
    return { id, removed: reason === 'deleted' ? 'deleted' : 'in-bin', properties: {} };
  }
  const carried = Object.entries(PROPERTIES).filter(
    ([, [property]]) => row[property] !== undefined,
  );
  return {
    id,
    properties: Object.fromEntries(
      carried.map(([name, [property, read]]) => [name, read(row, property)]),
    ),
  };
}

function texts(row: Row, property: string): readonly string[] {
  const value = row[property] ?? [];
  if (!Array.isArray(value) || value.some((each) => typeof each !== 'string')) {
    throw new RowError(`${property} is not a list of texts`);
  }
  return value as string[];
}

function time(row: Row, property: string): Instant | undefined {
  const value = field.text(row, property);
  try {
    return value === undefined ? undefined : toInstant(value);
  } catch (error) {
    throw error instanceof TimeError ? new RowError(`${property} is not a time`) : error;
  }
}
