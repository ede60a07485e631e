import { HOUR, MINUTE, toInstant } from '../../shared/domain/time';
import type { Evaluated } from './evaluate';
import { pageWith } from './page';
import { faultsInWords, reportOf, setupInWords, shortfalls, tableOf, type Setup } from './report';

const SETUP: Setup = {
  users: 500,
  days: 14,
  warmUp: 30,
  storiesPerDay: 20,
  seeds: [1, 2],
  mode: 'easy',
};
const AT = toInstant('2026-04-01T09:00:00Z');
const BOUNDS = { precision: 0.95, recall: 0.98, everyday: 2 };

function run(found: number, missed: number, falseAlerts: number): Evaluated {
  const alarm = { kind: 'false alert', detector: 'one', subject: 'ann', at: AT } as const;
  return {
    scores: [
      {
        ...{ detector: 'one', found, missed, falseAlerts, falseFindings: 0 },
        ...{ alerts: found + falseAlerts, delays: [5 * MINUTE, 3 * HOUR] },
      },
    ],
    faults: Array.from({ length: falseAlerts }, () => alarm),
    ...{ rows: 1_000, requests: 100, rounds: 10, stories: 7 },
  };
}

describe('evaluation report', () => {
  it('adds up the seeds', () => {
    const report = reportOf(SETUP, [run(9, 1, 0), run(10, 0, 2)]);

    expect(report.figures).toEqual([
      {
        ...{ detector: 'one', truePositives: 19, falsePositives: 2, misses: 1 },
        ...{ precision: 19 / 21, recall: 19 / 20 },
        // 21 alerts, 500 users, two weeks, two seeds
        ...{ alertsPer1000UsersAndWeek: 10.5, p50: 3 * HOUR, p95: 3 * HOUR },
      },
    ]);
    expect(report.everydayPer1000UsersAndWeek).toBe(1);
  });

  it('says what is below its bound', () => {
    const good = reportOf(SETUP, [run(10, 0, 0)]);
    const bad = reportOf(SETUP, [run(9, 1, 3)]);

    expect(shortfalls(good, BOUNDS)).toEqual([]);
    expect(shortfalls(bad, BOUNDS)).toEqual([
      'one: precision 0.750 is below 0.950',
      'one: recall 0.900 is below 0.980',
      'everyday life raises 3.00 alerts per 1,000 users and week, above 2',
    ]);
  });

  it('has no ratio of nothing', () => {
    const [figures] = reportOf(SETUP, [run(0, 0, 0)]).figures;

    expect(figures).not.toHaveProperty('precision');
    expect(figures).not.toHaveProperty('recall');
  });

  it('writes its part of the page and leaves the other', () => {
    const page = [
      '# Title',
      '<!-- easy: begin -->',
      'old',
      '<!-- easy: end -->',
      '<!-- hard: begin -->',
      'kept',
      '<!-- hard: end -->',
      '',
    ].join('\n\n');

    const report = reportOf(SETUP, [run(10, 0, 1)]);
    const written = pageWith(page, report, 'abc1234');

    expect(written).not.toContain('old');
    expect(written).toContain('kept');
    expect(written).toContain('Commit abc1234.');
    expect(written).toContain(setupInWords(report));
    expect(written).toContain(tableOf(report));
    expect(written).toContain(faultsInWords(report)[0]);
    expect(pageWith(written, report, 'abc1234')).toBe(written);
  });

  it('refuses a page without the part', () => {
    expect(() => pageWith('# Title', reportOf(SETUP, [run(1, 0, 0)]), 'abc1234')).toThrow(
      /no part/,
    );
  });
});
