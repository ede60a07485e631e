import { readRow } from '../../../shared/adapters/rows/read-row';
import type { Log } from '../../../shared/domain/record';
import type { Wanted } from '../../../shared/pipeline/ports/record-source';
import { audit, signIn, update, type Row } from '../../detectors/play';

const EVERYTHING = (_source: Log): Looked => ({ isWanted: () => true });
const NOTHING = (_source: Log): Looked => ({ isWanted: () => false });
type Looked = Pick<Wanted, 'isWanted'>;
const MEGABYTE = 'x'.repeat(1024 * 1024);
const SECRET = '+47 555 01 234';

const auditRow = (raw: Row): Row =>
  audit('audit-1', 0, { activity: 'User registered security info', raw });
const signInRow = (raw: Row): Row => signIn('sign-in-1', 0, { raw });
const detail = (oldValue: unknown, newValue: unknown): Row => ({
  ...update('audit-1', 0, []),
  targetResources: [
    {
      id: 'ann',
      type: 'User',
      modifiedProperties: [
        { displayName: 'StrongAuthenticationPhoneAppDetail', oldValue, newValue },
      ],
    },
  ],
});

describe('adapters/rows/read-row', () => {
  describe('reads', () => {
    it('id and time only, of a row that nobody looks at', () => {
      const row = {
        ...{ id: 'a', activityDateTime: '2026-03-02T13:00:00+01:00' },
        ...{ activityDisplayName: 'Delete group', result: { odd: true } },
      };

      expect(readRow('directoryAudits', row, NOTHING('directoryAudits'))).toEqual({
        id: 'a',
        at: '2026-03-02T12:00:00.0000000Z',
      });
    });

    it('an audit row', () => {
      const read = readRow('directoryAudits', auditRow({}), EVERYTHING('directoryAudits'));

      expect(read).toMatchObject({
        id: 'audit-1',
        record: { source: 'directoryAudits', activity: 'User registered security info' },
      });
    });

    it('a sign-in row', () => {
      const read = readRow('signIns', signInRow({}), EVERYTHING('signIns'));

      expect(read).toMatchObject({ id: 'sign-in-1', record: { source: 'signIns' } });
    });

    it('asks whether the row is wanted, with the row as it came', () => {
      const row = signInRow({});
      const seen: unknown[] = [];

      readRow('signIns', row, {
        isWanted: (each) => {
          seen.push(each);
          return false;
        },
      });

      expect(seen).toEqual([row]);
    });

    it.each(['signIns', 'directoryAudits'] as const)(
      'null everywhere in %s but id and time',
      (source) => {
        const full = source === 'signIns' ? signInRow({}) : auditRow({});
        const kept = [
          'id',
          'createdDateTime',
          'activityDateTime',
          'activityDisplayName',
          'userId',
          'initiatedBy',
        ];
        const row = Object.fromEntries(
          Object.entries(full).map(([key, value]) => [key, kept.includes(key) ? value : null]),
        );

        expect(readRow(source, row, EVERYTHING(source))).toHaveProperty('record');
      },
    );
  });

  describe('names as malformed', () => {
    it.each<{ when: string; source: Log; row: Row; reason: string; id?: string }>([
      {
        when: 'no id',
        source: 'signIns',
        row: signInRow({ id: undefined }),
        reason: 'the record has no id',
      },
      {
        when: 'an empty id',
        source: 'signIns',
        row: signInRow({ id: '' }),
        reason: 'the record has no id',
      },
      {
        when: 'an id of a megabyte',
        source: 'signIns',
        row: signInRow({ id: MEGABYTE }),
        reason: 'the record has an id of 1048576 characters',
      },
      {
        when: 'no time',
        source: 'signIns',
        row: signInRow({ createdDateTime: null }),
        id: 'sign-in-1',
        reason: 'the record has no createdDateTime',
      },
      {
        when: 'the time of the other source',
        source: 'directoryAudits',
        row: { ...signInRow({}), activityDisplayName: 'Update user' },
        id: 'sign-in-1',
        reason: 'the record has no activityDateTime',
      },
      {
        when: 'a number as time',
        source: 'signIns',
        row: signInRow({ createdDateTime: 1_700_000_000 }),
        id: 'sign-in-1',
        reason: 'createdDateTime is not a time like 2026-01-31T12:00:00Z',
      },
      {
        when: 'a time without zone',
        source: 'signIns',
        row: signInRow({ createdDateTime: '2026-03-02T12:00:00' }),
        id: 'sign-in-1',
        reason: 'the time createdDateTime has no zone; write it as ...Z or ...+00:00',
      },
      {
        when: 'a day that does not exist',
        source: 'signIns',
        row: signInRow({ createdDateTime: '2026-02-30T12:00:00Z' }),
        id: 'sign-in-1',
        reason: 'createdDateTime is not a time like 2026-01-31T12:00:00Z',
      },
      {
        when: 'something else where the time should be',
        source: 'directoryAudits',
        row: auditRow({ activityDateTime: `"${SECRET}"\n` }),
        id: 'audit-1',
        reason: 'activityDateTime is not a time like 2026-01-31T12:00:00Z',
      },
      {
        when: 'an activity that is no text',
        source: 'directoryAudits',
        row: auditRow({ activityDisplayName: { name: SECRET } }),
        id: 'audit-1',
        reason: 'activityDisplayName is not a text',
      },
      {
        when: 'targets that are no list',
        source: 'directoryAudits',
        row: auditRow({ targetResources: SECRET }),
        id: 'audit-1',
        reason: 'targetResources is a text, not a list',
      },
      {
        when: 'modified properties of the wrong shape',
        source: 'directoryAudits',
        row: auditRow({ targetResources: [{ modifiedProperties: [SECRET] }] }),
        id: 'audit-1',
        reason: 'targetResources.0.modifiedProperties.0 is a text, not an object',
      },
      {
        when: 'no user',
        source: 'signIns',
        row: signInRow({ userId: null }),
        id: 'sign-in-1',
        reason: 'userId is missing',
      },
      {
        when: 'an error code that is no number',
        source: 'signIns',
        row: signInRow({ status: { errorCode: SECRET } }),
        id: 'sign-in-1',
        reason: 'status.errorCode is not a number',
      },
      {
        when: 'a value that is not JSON',
        source: 'directoryAudits',
        row: detail('[]', `[{"DeviceToken":"${SECRET}`),
        id: 'audit-1',
        reason:
          'the newValue of StrongAuthenticationPhoneAppDetail is not JSON (31 characters); the export may have cut it',
      },
      {
        when: 'a value of a megabyte that is not JSON',
        source: 'directoryAudits',
        row: detail(MEGABYTE, '[]'),
        id: 'audit-1',
        reason:
          'the oldValue of StrongAuthenticationPhoneAppDetail is not JSON (1048576 characters); the export may have cut it',
      },
    ])('a row with $when', ({ source, row, id, reason }) => {
      const read = readRow(source, row, EVERYTHING(source));

      const lengths = Object.fromEntries(
        Object.entries(row).map(([key, value]) => [
          key,
          value === undefined ? 0 : JSON.stringify(value).length,
        ]),
      );
      expect(read).toEqual({
        malformed: { source, ...(id !== undefined && { id }), reason, lengths },
      });
      expect(JSON.stringify(read)).not.toContain('555');
    });
  });

  describe.each([5_000, 100_000])('nested %i deep', (levels) => {
    const deep: readonly string[] = [
      `${'['.repeat(levels)}${']'.repeat(levels)}`,
      `${'{"a":'.repeat(levels)}"b"${'}'.repeat(levels)}`,
    ];

    it.each([
      ...['id', 'activityDateTime', 'activityDisplayName', 'category', 'result', 'resultReason'],
      ...['loggedByService', 'initiatedBy', 'targetResources', 'additionalDetails'],
    ])('%s makes a row like any other, or one that cannot be read', (property) => {
      for (const text of deep) {
        const row = { ...auditRow({}), [property]: JSON.parse(text) as unknown };

        const read = readRow('directoryAudits', row, EVERYTHING('directoryAudits'));

        const length = 'malformed' in read ? read.malformed.lengths?.[property] : text.length;
        expect(length).toBe(text.length);
      }
    });

    it.each([
      ...['id', 'createdDateTime', 'clientAppUsed', 'status', 'conditionalAccessStatus', 'userId'],
      ...['location', 'deviceDetail', 'appliedConditionalAccessPolicies', 'authenticationDetails'],
    ])('so does %s of a sign-in', (property) => {
      for (const text of deep) {
        const row = { ...signInRow({}), [property]: JSON.parse(text) as unknown };

        const read = readRow('signIns', row, EVERYTHING('signIns'));

        const length = 'malformed' in read ? read.malformed.lengths?.[property] : text.length;
        expect(length).toBe(text.length);
      }
    });
  });

  it('lets a fault of our own through', () => {
    const fault = new RangeError('ours');
    const wanted = {
      source: 'signIns' as const,
      isWanted: () => {
        throw fault;
      },
    };

    expect(() => readRow('signIns', signInRow({}), wanted)).toThrow(fault);
  });
});
