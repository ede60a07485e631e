import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const HEADING = '## Who tells when something fails';

/** The rows of the table in docs/operations.md, cell by cell. */
function rows(): readonly (readonly string[])[] {
  const page = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8');
  const [section = ''] = (page.split(HEADING)[1] ?? '').split('\n## ');
  const [, , ...lines] = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What a row rests on: files of tests, each with the title of one. */
function testsOf(shownBy: string): readonly (readonly [file: string, title: string])[] {
  return [...shownBy.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)].map(
    ([, file = '', title = '']) => [file, title] as const,
  );
}

describe('house: the table of failures', () => {
  it('is there', () => {
    expect(rows().length).toBeGreaterThan(15);
  });

  it.each(rows())('%s', (_failure, whoTells, _after, shownBy = '') => {
    const tests = testsOf(shownBy);

    expect(whoTells).not.toBe('');
    // What no test here can show says so.
    expect(tests.length > 0 || shownBy === 'not run').toBe(true);
    for (const [file, title] of tests) {
      expect(existsSync(join(ROOT, file))).toBe(true);
      expect(readFileSync(join(ROOT, file), 'utf8')).toContain(title);
    }
  });

  it('says "not run" wherever an alert rule of Azure is what tells', () => {
    const silent = rows().filter(
      ([, whoTells = '', , shownBy = '']) =>
        /alert rule|activity log/.test(whoTells) && !shownBy.includes('not run'),
    );

    expect(silent.map(([failure]) => failure)).toEqual([]);
  });
});
