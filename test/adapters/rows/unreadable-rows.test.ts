import { readRow } from '../../../shared/adapters/rows/read-row';
import type { MissedRow } from '../../../shared/domain/record';
import { justAfter, toInstant, type Instant } from '../../../shared/domain/time';
import { wantedBy } from '../../../shared/pipeline/findings/select';
import { DETECTORS } from '../../../shared/detectors/index';
import { signIn, type Row } from '../../detectors/play';
import { shapesOfVerification } from '../../fakes/unreadable';

const AT = toInstant('2026-03-02T12:05:00Z');
const MFA = 'mfa-registration-unfinished';
const audits = wantedBy(DETECTORS, 'directoryAudits');
const signIns = wantedBy(DETECTORS, 'signIns');
const exactly = (at: Instant): MissedRow['when'] => ({ from: at, to: justAfter(at) });

describe('a verification row that is written as nobody expects', () => {
  it.each(shapesOfVerification('ann', AT))('$shape: $is', ({ row, is, about, when }) => {
    const read = readRow('directoryAudits', row, audits);

    if (is === 'readable') {
      expect(read).toMatchObject({ at: AT, record: { targets: [{ id: 'ann' }] } });
      return;
    }
    const { missed } = (read as { malformed: { missed?: MissedRow } }).malformed;
    if (is === 'of unknown kind') {
      expect(read).toMatchObject({ malformed: { reason: expect.any(String) as string } });
      expect(missed).toBeUndefined();
      return;
    }
    expect(missed?.detectors).toContain(MFA);
    expect(missed?.subject?.id).toBe(about);
    expect(missed?.when).toEqual(
      when === 'exactly' ? exactly(AT) : when === 'that day' ? zones() : undefined,
    );
  });
});

/** A time without a zone. */
function zones(): MissedRow['when'] {
  return { from: toInstant('2026-03-01T22:05:00Z'), to: toInstant('2026-03-03T02:05:00Z') };
}

describe('a sign-in row that is written as nobody expects', () => {
  const row = (raw: Row): Row =>
    signIn('s-1', 0, { raw: { userId: 'ann', clientAppUsed: 'Exchange ActiveSync', ...raw } });

  it.each<[string, Row]>([
    ['the name', { userDisplayName: 7, userPrincipalName: { name: 'x' } }],
    ['the policies', { appliedConditionalAccessPolicies: 'Success' }],
    ['a policy', { appliedConditionalAccessPolicies: [{ displayName: 3, result: 1 }] }],
    ['the device', { deviceDetail: 'Android' }],
    ['the place', { location: ['NO'], ipAddress: 1, resourceDisplayName: {} }],
    ['its id, a number', { id: 17 }],
  ])('is read all the same: %s', (_what, raw) => {
    expect(readRow('signIns', row(raw), signIns)).toHaveProperty('record.user.id', 'ann');
  });

  it.each<[string, Row]>([
    ['the client', { clientAppUsed: { name: 'x' } }],
    ['the error code', { status: { errorCode: 'none' } }],
    ['the status', { status: 'Success' }],
  ])('is of unknown kind: %s', (_what, raw) => {
    const read = readRow('signIns', row(raw), signIns);

    expect(read).toMatchObject({ malformed: { reason: expect.any(String) as string } });
    expect(read).not.toHaveProperty('malformed.missed');
  });

  it('leaves a gap of its user when its policy result cannot be read', () => {
    const read = readRow('signIns', row({ conditionalAccessStatus: {} }), signIns);

    expect(read).toMatchObject({ malformed: { missed: { subject: { id: 'ann' } } } });
  });

  it('leaves a gap of everybody without a user', () => {
    const read = readRow('signIns', row({ userId: null }), signIns);

    expect(read).toHaveProperty('malformed.missed.detectors');
    expect(read).not.toHaveProperty('malformed.missed.subject');
  });

  it('leaves no gap when nobody needs rows of its kind', () => {
    const read = readRow('signIns', row({ clientAppUsed: 'Browser', id: null }), signIns);

    expect(read).toHaveProperty('malformed');
    expect(read).not.toHaveProperty('malformed.missed');
  });
});
