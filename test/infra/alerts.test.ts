import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kustoProblems } from './kusto';
import { at, loadInfra } from './snapshots';
import { LOGS } from '../../shared/sources';

const ROOT = join(__dirname, '..', '..');
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Runs that may be silent for longer than the rule on silence waits. */
const RARE: readonly string[] = ['watch', 'backfill', 'seal', 'purge'];

const rules = loadInfra().production.filter(({ type }) => type.endsWith('/scheduledQueryRules'));
const queries = rules.map(
  (rule) => [rule.name, String(at(rule, 'properties.criteria.allOf.0.query'))] as const,
);
const workbook = (
  JSON.parse(text('infra/modules/workbook.json')) as {
    items: readonly { readonly name: string; readonly content: { readonly query?: string } }[];
  }
).items.flatMap(({ name, content }) =>
  content.query === undefined ? [] : [[name, content.query] as const],
);
const queryOf = (name: string): string => queries.find(([each]) => each.endsWith(name))?.[1] ?? '';

describe('alert rules', () => {
  it.each(queries)('%s: the query is one that Kusto takes', (_, query) => {
    expect(kustoProblems(query)).toEqual([]);
  });

  it('would show a query that is none', () => {
    const query = queryOf('silence').replace('isempty(failure)', 'isempty(faliure)');

    expect(kustoProblems(query).join()).toContain('faliure');
  });

  it.each(workbook)('workbook, %s: the query is one that Kusto takes', (_, query) => {
    expect(kustoProblems(query)).toEqual([]);
  });

  it('tell somebody', () => {
    for (const rule of rules) {
      expect(at(rule, 'properties.actions.actionGroups.0')).toContain('/actionGroups/');
      expect(at(rule, 'properties.enabled')).toBe(true);
    }
  });

  it('ask only for what the runs log', () => {
    const logged = [
      'composition/monitor.ts',
      'composition/run-log.ts',
      'pipeline/delivery/channel-alerts.ts',
      'pipeline/reading/read-source.ts',
    ]
      .map((file) => text(`shared/${file}`))
      .join();
    const asked = queries.flatMap(([, query]) => [...query.matchAll(/\bline\.(\w+)/g)]);

    expect(asked.length).toBeGreaterThan(5);
    for (const [, field] of asked) {
      expect(logged).toMatch(new RegExp(`\\b${field ?? ''}\\b`));
    }
  });

  it('expect every run: a new one goes into the rule on silence, or into RARE above', () => {
    const composition = ['monitor', 'run-log'].map((file) => text(`shared/composition/${file}.ts`));
    const logged = [...composition.join('').matchAll(/run: '(\w+)'/g)].map(([, run]) => run ?? '');
    const runs = [...new Set(logged)].flatMap((run) =>
      run === 'poll' ? LOGS.map((source) => `poll ${source}`) : [run],
    );
    const expected = [...(/\[(.+)\]/.exec(queryOf('silence'))?.[1] ?? '').matchAll(/"(.+?)"/g)].map(
      ([, run]) => run ?? '',
    );

    expect(runs.filter((run) => ![...expected, ...RARE].includes(run))).toEqual([]);
    expect(expected.filter((run) => !runs.includes(run))).toEqual([]);
    expect(expected).toContain('poll signIns');
  });

  it('see everything that names a failure, whatever run it is of', () => {
    const [, afterLines = ''] = queryOf('failures').split('| extend run');

    expect(afterLines).toContain('| where isnotempty(failure)\n| summarize');
  });

  it('tell of one failure of what runs so seldom that three would take hours', () => {
    expect(queryOf('failures')).toContain('failures >= 3 or run in ("seal", "purge")');
  });

  it('look no further than their window', () => {
    for (const [, query] of queries) {
      expect(query).not.toMatch(/\bago\(/);
    }
  });
});

describe('queries for operators', () => {
  const blocks = ['docs/operations.md', 'docs/queries.md'].flatMap((page) =>
    [...text(page).matchAll(/```kusto\n([\s\S]+?)```/g)].map(([, block]) => block ?? ''),
  );

  it.each(blocks)('number %# is one that Kusto takes', (block) => {
    expect(kustoProblems(block)).toEqual([]);
  });
});
