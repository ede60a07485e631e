import { groupMigrationLeftover as detector } from '../../shared/detectors/group-migration-leftover';
import { groupSubject } from '../../shared/domain/records/group';
import { DAY } from '../../shared/domain/time';
import { at, play, type Said } from './play';
import {
  added,
  CANNOT_SAY,
  deleted,
  MANY_GONE,
  MIGRATION,
  NEARLY_BACK,
  RAISES,
  RESOLVES,
  RETURNED,
  SILENT,
  STORIES,
  WAITS,
} from './group-migration-leftover.stories';

const SALES = groupSubject('Sales EU').id;
const concluded = (said: readonly Said[]): readonly Said[] =>
  said.filter((each) => each.state === 'open' || each.state === 'resolved');

describe('group-migration-leftover', () => {
  describe('raises', () => {
    it.each(RAISES)('when $when', ({ story, expected, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(concluded(said)).toEqual([expect.objectContaining(expected)]);
    });

    it(`when ${MANY_GONE.when}`, () => {
      const { said } = play(detector, MANY_GONE.story, MANY_GONE);

      // One thing is told; that each of them is gone is only recorded.
      expect(said.filter(({ stage }) => stage === 'alert')).toMatchObject([
        { message: 'wave', severity: 'low', anchor: 'many|2026-03-02', count: 30 },
      ]);
      expect(said.filter(({ message }) => message === 'gone')).toHaveLength(30);
    });

    it(`when ${NEARLY_BACK.when}`, () => {
      const { said } = play(detector, NEARLY_BACK.story, NEARLY_BACK);

      expect(said.filter(({ message }) => message === 'wave')).toMatchObject([
        { state: 'open', count: 6 },
      ]);
    });
  });

  describe('stays silent', () => {
    it.each(SILENT)('when $when', ({ story, expected: _none, ...frame }) => {
      const { said, malformed } = play(detector, story, frame);

      expect(malformed).toEqual([]);
      expect(said.filter((each) => each.state !== 'disproved')).toEqual([]);
    });

    const waves = (rows: typeof MIGRATION): readonly Said[] =>
      play(detector, rows, { until: 4 * 24 * 60 }).said.filter(({ message }) => message === 'wave');

    it('of many when five go, or six within more than an hour', () => {
      const six = [0, 1, 2, 3, 4, 61].map((minute) =>
        deleted(`gone${minute}`, minute, { id: `g${minute}`, name: `Team ${minute}` }),
      );

      expect(waves(six)).toEqual([]);
    });

    it('of many when all but five are back within the day', () => {
      const { story } = NEARLY_BACK;
      const one = added('back24', 200, {
        ...{ id: 'n24', name: 'Team 24' },
        by: { app: 'ConnectSyncProvisioning_SRV01_3ac06f5648e4' },
      });

      expect(waves([...story, one])).toEqual([]);
    });

    it('of many when an administrator deletes them', () => {
      const byHand = Array.from({ length: 30 }, (_, i) =>
        deleted(`gone${i}`, i / 3, { id: `g${i}`, name: `Team ${i}`, by: { user: 'admin' } }),
      );

      expect(waves(byHand)).toEqual([]);
    });
  });

  describe('waits', () => {
    it.each(WAITS)('when $when', ({ story, expected, ...frame }) => {
      const { answers, said } = play(detector, story, frame);

      expect(said.map((each) => each.state)).toEqual(['pending']);
      expect(answers.get(SALES)?.askAgainAt).toBe(at(expected));
    });
  });

  it('waits for many, too', () => {
    const { answers } = play(detector, MANY_GONE.story, { until: 60 });

    const asked = [...answers.values()].flatMap(({ findings }) => findings);
    expect(asked.map(({ state }) => state)).toEqual(Array(31).fill('pending'));
    expect(asked).toContainEqual(
      expect.objectContaining({
        what: expect.stringContaining('30 synchronised groups were deleted from') as string,
      }),
    );
  });

  describe('cannot say', () => {
    it.each(CANNOT_SAY)('when $when', ({ story, expected: _none, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(said.map((each) => each.state)).toEqual(['undetermined']);
    });
  });

  describe('resolves', () => {
    it.each(RESOLVES)('when $when', ({ story, expected, ...frame }) => {
      const { said } = play(detector, story, frame);

      expect(concluded(said)).toEqual([expect.objectContaining(expected)]);
    });

    it('many when all but five are back', () => {
      const late = NEARLY_BACK.story.map((row) =>
        row['activityDisplayName'] === 'Add group' ? { ...row, activityDateTime: at(2_000) } : row,
      );
      const [one] = play(detector, [...late, { ...late.at(-1)!, ...RENAMED }], {
        until: 4_000,
      }).said.filter(({ message }) => message === 'wave');

      expect(one).toMatchObject({ state: 'resolved', resolution: 'returned', count: 30 });
      expect(one?.summary).toContain(' Since then, at 2026-03-03 21:20 UTC: the group "Team');
    });
  });

  describe('answers the same', () => {
    it.each(STORIES)('in any order and with repeats, when $when', ({ story, ...frame }) => {
      const byAnchor = (rows: typeof story): readonly Said[] =>
        play(detector, rows, frame).said.toSorted((a, b) =>
          `${a.subject} ${a.anchor}` < `${b.subject} ${b.anchor}` ? -1 : 1,
        );

      expect(byAnchor(story.toReversed())).toEqual(byAnchor(story));
      expect(byAnchor([...story, ...story.toReversed()])).toEqual(byAnchor(story));
    });
  });

  it('tells of the stand-in a day after the group is back', () => {
    const { said } = play(detector, RETURNED, { until: 3 * 24 * 60 });

    expect(said).toMatchObject([
      { message: 'stuck', state: 'resolved' },
      { message: 'orphan', state: 'open', facts: { returnedAt: at(25 * 60) } },
    ]);
  });

  it('bears on a finding from a day before the deletion', () => {
    const { answers } = play(detector, MIGRATION, { until: 3 * 24 * 60 });

    const [finding] = answers.get(SALES)?.findings ?? [];
    expect(finding?.anchor.from).toBe(at(-25 * 60));
    expect(finding).not.toHaveProperty('absenceWindow');
    expect(detector.retain).toBe(60 * DAY);
  });

  describe('says', () => {
    const summaryOf = (rows: typeof MIGRATION, until = 3 * 24 * 60): readonly string[] =>
      play(detector, rows, { until }).said.flatMap(({ summary }) => summary ?? []);

    it('that the stand-in did not take the name', () => {
      expect(summaryOf(MIGRATION)).toEqual([
        'The synchronised group Sales EU was deleted in the cloud at 2026-03-02 12:00 UTC by ' +
          'ConnectSyncProvisioning_SRV01_3ac06f5648e4; the stand-in "Sales EU-MigTmp", created by admin@example.com at ' +
          '2026-03-02 11:30 UTC with 40 members, had not taken its name by 2026-03-03 12:00 UTC (log complete to ' +
          '2026-03-05 12:00 UTC). Mail to it has nowhere to go.',
      ]);
    });

    it('that it is back, and what is left over', () => {
      const [stuck, orphan] = summaryOf(RETURNED);

      expect(stuck).toContain(
        ' Since then, at 2026-03-03 13:00 UTC: a group called "Sales EU" was added by ConnectSyncProvisioning_SRV01_3ac06f5648e4 (d3).',
      );
      expect(orphan).toBe(
        'The stand-in "Sales EU-MigTmp", created by admin@example.com at 2026-03-02 11:30 UTC with 40 members, is left ' +
          'over from a migration of the group Sales EU (which is back since 2026-03-03 13:00 UTC): neither deleted nor ' +
          'renamed by 2026-03-04 13:00 UTC (log complete to 2026-03-05 12:00 UTC).',
      );
    });

    it('that a group is gone', () => {
      expect(summaryOf([deleted('gone', 0, { by: { app: 'ConnectSyncProvisioning_A' } })])).toEqual(
        [
          'The synchronised group Sales EU was deleted in the cloud at 2026-03-02 12:00 UTC by ConnectSyncProvisioning_A ' +
            'and was not back by 2026-03-03 12:00 UTC (log complete to 2026-03-05 12:00 UTC). No stand-in for it is known.',
        ],
      );
    });

    it('that many are gone', () => {
      const [wave] = summaryOf(MANY_GONE.story).filter((text) => text.includes('30 '));

      expect(wave).toBe(
        'ConnectSyncProvisioning_SRV01_3ac06f5648e4 deleted 30 synchronised groups in the cloud from 2026-03-02 12:00 UTC ' +
          'to 2026-03-02 12:09 UTC that were not back by 2026-03-03 12:09 UTC (log complete to 2026-03-05 12:00 UTC), such ' +
          'as "Team 0", "Team 1", "Team 2", "Team 3", "Team 4". Likely an organizational unit fell out of the scope of ' +
          'synchronisation.',
      );
    });
  });
});

const RENAMED = {
  id: 'one more',
  targetResources: [
    {
      ...{ id: 'n24', type: 'Group', displayName: 'Team 24' },
      modifiedProperties: [],
    },
  ],
};
