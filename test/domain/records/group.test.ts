import type { AuditRecord } from '../../../shared/domain/record';
import {
  actorSubject,
  groupOf,
  isAboutGroup,
  partsOf,
  plainName,
} from '../../../shared/domain/records/group';
import { isLike } from '../../../shared/domain/text';
import { toInstant } from '../../../shared/domain/time';

const about = (targets: AuditRecord['targets']): AuditRecord => ({
  ...{ source: 'directoryAudits', id: 'r', at: toInstant('2026-03-02T12:00:00Z') },
  ...{ activity: 'Remove member from group', initiator: {}, targets },
});

describe('domain/records/group', () => {
  it.each([
    ['Sales EU', 'saleseu'],
    ['SMTP:sales.eu@example.com', 'saleseu'],
    ['***', '***'],
  ])('reads %s as %s', (label, plain) => {
    expect(plainName(label)).toBe(plain);
  });

  it('takes one or two words from either end', () => {
    expect(partsOf('Sales EU-MigTmp')).toEqual(['Sales EU', 'EU-MigTmp', 'Sales', 'MigTmp']);
    expect(partsOf('Sales')).toEqual([]);
  });

  it('finds the group of a member that was removed', () => {
    const changes = [
      { property: 'Group.ObjectID', before: 'G1' },
      { property: 'Group.DisplayName', before: ['Sales EU'] },
    ];

    expect(groupOf(about([{ id: 'ann', type: 'User', changes }]))).toMatchObject({
      id: 'g1',
      labels: ['Sales EU'],
    });
    expect(groupOf(about([]))).toBeUndefined();
  });

  it('knows activities of groups, and who did them', () => {
    expect(isAboutGroup('Add member to group')).toBe(true);
    expect(isAboutGroup('Update user')).toBe(false);
    expect(actorSubject({})).toBeUndefined();
    expect(actorSubject({ user: { id: 'ann' } })).toMatchObject({ type: 'user', id: 'ann' });
    expect(actorSubject({ app: { name: 'App' } })).toMatchObject({ type: 'app', name: 'App' });
  });

  it.each([
    ['Sync_A@b.onmicrosoft.com', 'sync_*@*.onmicrosoft.com', true],
    ['abc', 'abc', true],
    ['abcd', 'abc', false],
    ['abc', 'b*', false],
    ['abc', 'a*x*c', false],
    ['aba', 'ab*ba', false],
  ])('%s is like %s: %s', (text, pattern, is) => {
    expect(isLike(text, pattern)).toBe(is);
  });
});
