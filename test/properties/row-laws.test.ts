import fc from 'fast-check';
import { readRow, type ReadRow } from '../../shared/adapters/rows/read-row';
import { toAuditRecord } from '../../shared/adapters/rows/to-record';
import { DETECTORS } from '../../shared/detectors/index';
import type { Json, JsonObject } from '../../shared/domain/json';
import type { EntraRecord, Log } from '../../shared/domain/record';
import { select, wantedBy } from '../../shared/pipeline/findings/select';
import { law, must, mustEqual, notices } from '../fakes/law';
import { configured, ledger, play, TENANT } from '../fakes/run';
import { END, inOrder, PLAIN } from '../fakes/stories';

type Row = Record<string, unknown>;
type Read = (source: Log, row: Row) => ReadRow | undefined;

const WANTED = {
  directoryAudits: wantedBy(DETECTORS, 'directoryAudits'),
  signIns: wantedBy(DETECTORS, 'signIns'),
};
const asShipped: Read = (source, row) => readRow(source, row, WANTED[source]);

/** Stands in every value that may not travel, and in every value that a malformed row holds. */
const SECRET = 'SECRET-7c1f';

// ---------------------------------------------------------------------------------------------------- rows to read

interface Given {
  readonly source: Log;
  readonly row: Row;
}

const phone = fc.record({
  Id: fc.constantFrom('d1', 'd2', 'd3'),
  DeviceName: fc.constantFrom('Pixel 8', 'iPhone', null),
  DeviceToken: fc.constantFrom(`apns2-${SECRET}-1`, `apns2-${SECRET}-2`, 'NO_DEVICE_TOKEN', null),
  DeviceTag: fc.constant(`tag ${SECRET}`),
  OathTokenTimeDrift: fc.constant(0),
  LastAuthenticatedTimestamp: fc.constantFrom('2026-11-27T10:00:00Z', null),
});
const contact = fc.record({
  PhoneNumber: fc.constantFrom(`+47 ${SECRET}`, null),
  AlternativePhoneNumber: fc.constantFrom(`+1 ${SECRET}`, ''),
  Email: fc.constant(`${SECRET}@example.com`),
});
const listText = (item: fc.Arbitrary<unknown>): fc.Arbitrary<string | null> =>
  fc.option(fc.array(item, { maxLength: 3 }).map((items) => JSON.stringify(items)));

const property = fc.oneof(
  changeOf('StrongAuthenticationPhoneAppDetail', listText(phone)),
  changeOf('StrongAuthenticationUserDetails', listText(contact)),
  changeOf(
    'StrongAuthenticationMethod',
    listText(fc.record({ MethodType: fc.constantFrom(0, 6, 7) })),
  ),
  changeOf(
    'SearchableDeviceKey',
    listText(fc.record({ Usage: fc.constant('FIDO'), KeyMaterial: fc.constant(SECRET) })),
  ),
  changeOf('TelephoneNumber', fc.constant(`["+47 ${SECRET}"]`)),
);

function changeOf(displayName: string, value: fc.Arbitrary<string | null>): fc.Arbitrary<Row> {
  return fc.record({ displayName: fc.constant(displayName), oldValue: value, newValue: value });
}

const auditRow: fc.Arbitrary<Given> = fc
  .record({
    id: fc.uuid(),
    activityDateTime: fc.constantFrom('2026-11-27T09:00:00Z', '2026-11-27T09:30:00.1234567Z'),
    activityDisplayName: fc.constantFrom(
      'Update user',
      'User registered security info',
      'Add group',
    ),
    result: fc.constantFrom('success', 'failure', null),
    resultReason: fc.constantFrom('User registered Authenticator App with Code', '', null),
    initiatedBy: fc.constant({
      app: { displayName: 'Azure MFA StrongAuthenticationService' },
      user: null,
    }),
    targetResources: fc.array(
      fc.record({
        id: fc.constantFrom('ann', 'ben'),
        type: fc.constant('User'),
        userPrincipalName: fc.constant('ann@example.com'),
        modifiedProperties: fc.array(property, { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  })
  .map((row) => ({ source: 'directoryAudits', row }));

const signInRow: fc.Arbitrary<Given> = fc
  .record({
    id: fc.uuid(),
    createdDateTime: fc.constantFrom('2026-11-27T09:00:00Z', '2026-11-30T23:59:59Z'),
    userId: fc.constantFrom('ann', 'ben'),
    clientAppUsed: fc.constantFrom('Exchange ActiveSync', 'Browser'),
    status: fc.constantFrom({ errorCode: 0 }, { errorCode: 53004 }),
    conditionalAccessStatus: fc.constantFrom('failure', 'success'),
    appliedConditionalAccessPolicies: fc.constantFrom(undefined, [
      { displayName: 'Block', result: 'failure', enforcedGrantControls: ['block'] },
    ]),
    deviceDetail: fc.constantFrom(null, { deviceId: '', operatingSystem: 'Android' }),
    location: fc.constantFrom(null, { city: 'Oslo', countryOrRegion: 'NO' }),
  })
  .map((row) => ({ source: 'signIns', row }));

const goodRow = fc.oneof(auditRow, signInRow);

/** Anything that JSON can carry, each text of it recognisable. */
const garbage: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, '', SECRET, `{"cut": "${SECRET}`, 0, -1, 1.5, 1e300, true, [], {}),
  fc.jsonValue({ maxDepth: 3 }).map((value) => marked(value as Json)),
);

function marked(value: Json): Json {
  if (typeof value === 'string') {
    return `${value}${SECRET}`;
  }
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map(marked);
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, marked(each!)]))
    : value;
}

/** A good row with one thing in it replaced, or left out. */
const brokenRow: fc.Arbitrary<Given> = fc
  .tuple(goodRow, fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), fc.option(garbage))
  .map(([{ source, row }, path, value]) => ({ source, row: replaced(row, path, value) as Row }));

/** Walks down by the numbers of the path and replaces what it comes to. */
function replaced(value: unknown, [step, ...path]: readonly number[], by: Json | null): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) {
    return by;
  }
  const entries: [string, unknown][] = Object.entries(value);
  const place = step % Math.max(entries.length, 1);
  const changed = entries.map(([key, each], i): [string, unknown] =>
    i === place ? [key, path.length === 0 ? by : replaced(each, path, by)] : [key, each],
  );
  return Array.isArray(value) ? changed.map(([, each]) => each) : Object.fromEntries(changed);
}

// ---------------------------------------------------------------------------------------------------------- law 6

describe('law 6: bad input is counted, named and survived', () => {
  const page = fc.array(fc.oneof(goodRow, brokenRow), { minLength: 1, maxLength: 8 });

  const holdsWith =
    (read: Read) =>
    (given: readonly Given[]): Promise<void> => {
      const outcomes = given.map(({ source, row }) => survived(() => read(source, row)));
      for (const [i, outcome] of outcomes.entries()) {
        const { source, row } = given[i]!;
        must(outcome !== undefined, () => `row ${i} disappeared`);
        const id = typeof row['id'] === 'number' ? String(row['id']) : row['id'];
        if (outcome !== undefined && 'malformed' in outcome) {
          const { malformed } = outcome;
          must(malformed.source === source, () => `row ${i} belongs to no source`);
          must(malformed.reason !== '', () => `row ${i} has no reason`);
          must(!malformed.reason.includes(SECRET), () => `a reason quotes: ${malformed.reason}`);
          must(
            malformed.id === undefined || malformed.id === id,
            () => `row ${i} has another's id`,
          );
        } else if (outcome !== undefined) {
          must(outcome.id === id, () => `row ${i} has another's id`);
        }
      }
      return Promise.resolve();
    };

  law(
    'every row becomes a record, or is named with a reason that quotes nothing',
    page,
    holdsWith(asShipped),
    1_000,
  );
  notices('a malformed row that stops the page', page, holdsWith(throwing));
  notices('a malformed row that disappears', page, holdsWith(dropping));

  law(
    'good rows say the same with bad rows between them',
    fc.record({
      good: fc.array(goodRow, { maxLength: 6 }),
      bad: fc.array(brokenRow, { maxLength: 4 }),
    }),
    ({ good, bad }) => {
      const alone = good.map(({ source, row }) => asShipped(source, row));
      const among = [...bad, ...good].map(({ source, row }) => asShipped(source, row));
      mustEqual(asJson(among.slice(bad.length)), asJson(alone), 'the good rows');
      return Promise.resolve();
    },
  );
});

function survived(read: () => ReadRow | undefined): ReadRow | undefined {
  try {
    return read();
  } catch (error) {
    must(false, () => `the page stopped: ${String(error)}`);
    return undefined;
  }
}

/** Planted: what the schema throws is not caught. */
function throwing(source: Log, row: Row): ReadRow | undefined {
  const outcome = asShipped(source, row);
  if (outcome !== undefined && 'malformed' in outcome && source === 'directoryAudits') {
    toAuditRecord('id', END, row);
  }
  return outcome;
}

/** Planted: what cannot be used is left out. */
function dropping(source: Log, row: Row): ReadRow | undefined {
  const outcome = asShipped(source, row);
  return outcome !== undefined && 'malformed' in outcome ? undefined : outcome;
}

// ---------------------------------------------------------------------------------------------------------- law 7

describe('law 7: secrets and push tokens never leave the adapter', () => {
  const rows = fc.array(fc.oneof(goodRow, goodRow, brokenRow.map(withoutMarkedNames)), {
    minLength: 1,
    maxLength: 8,
  });

  const holdsWith =
    (read: Read) =>
    async (given: readonly Given[]): Promise<void> => {
      const outcomes = given.map(({ source, row }) => read(source, row)!);
      const records = outcomes.flatMap((each) => ('record' in each ? (each.record ?? []) : []));
      const { stores } = await play({ batches: inOrder(records, PLAIN) });
      const signals = select(TENANT, DETECTORS, records).values();
      const everything = {
        outcomes: asJson(outcomes),
        signals: asJson(
          [...signals].map((each) => [...each.values()].map((one) => [...one.signals])),
        ),
        written: ledger(stores),
      };
      for (const [name, each] of Object.entries(everything)) {
        must(!JSON.stringify(each).includes(SECRET), () => `a secret is in the ${name}`);
      }
    };

  law(
    'no token, number or key is in a record, a signal, a finding or a reason',
    rows,
    holdsWith(asShipped),
    500,
  );
  notices('an adapter that passes devices on', rows, holdsWith(unscrubbed));

  it('keeps whether a token stayed the same', () => {
    const token = `apns2-${SECRET}`;
    const renamed = rowOf([{ Id: 'old', DeviceToken: token }], [{ Id: 'new', DeviceToken: token }]);
    const replaced = rowOf(
      [{ Id: 'old', DeviceToken: token }],
      [{ Id: 'new', DeviceToken: `${token}2` }],
    );

    expect(kindsOf(renamed)).not.toContain('device-added');
    expect(kindsOf(replaced)).toContain('device-added');
  });
});

/** What broke must be somewhere else than in the names that people are meant to read. */
function withoutMarkedNames(given: Given): Given {
  const text = JSON.stringify(given.row, (key, value: unknown) =>
    SCRUBBED.has(key) || typeof value !== 'string' ? value : value.replaceAll(SECRET, ''),
  );
  return { ...given, row: JSON.parse(text) as Row };
}
const SCRUBBED = new Set(['oldValue', 'newValue']);

/** Planted: the values of a property are parsed and passed on. */
function unscrubbed(source: Log, row: Row): ReadRow | undefined {
  const outcome = asShipped(source, row);
  const record = outcome !== undefined && 'record' in outcome ? outcome.record : undefined;
  return record?.source === 'directoryAudits' && outcome !== undefined
    ? { ...outcome, record: { ...record, reason: JSON.stringify(row['targetResources']) } }
    : outcome;
}

function rowOf(before: readonly JsonObject[], after: readonly JsonObject[]): Row {
  return {
    id: 'a1',
    activityDateTime: '2026-11-27T09:00:00Z',
    activityDisplayName: 'Update user',
    result: 'success',
    initiatedBy: { app: { displayName: 'Azure MFA StrongAuthenticationService' } },
    targetResources: [
      {
        id: 'ann',
        modifiedProperties: [
          {
            displayName: 'StrongAuthenticationPhoneAppDetail',
            oldValue: JSON.stringify(before),
            newValue: JSON.stringify(after),
          },
        ],
      },
    ],
  };
}

function kindsOf(row: Row): string[] {
  const outcome = asShipped('directoryAudits', row);
  const record = outcome !== undefined && 'record' in outcome ? outcome.record : undefined;
  return record === undefined ? [] : signalsOf(record);
}

function signalsOf(record: EntraRecord): string[] {
  return configured().flatMap(({ detector }) => detector.signals(record).map((each) => each.kind));
}

function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
