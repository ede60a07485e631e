import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { analyzeCommand } from '../../cli/commands/analyze';
import { toInstant } from '../../shared/domain/time';
import { NAMED, RIGHT_BEFORE, type Expectation } from './expectations';

/**
 * Inputs made from public reports, beside the repository: run with CASES_DIR. Only the detectors that an expectation
 * names are compared, so a new detector may say more.
 */
const folder = process.env['CASES_DIR'] ?? join(__dirname, '../../../shared/cases');
const expectations = [...NAMED, ...RIGHT_BEFORE];
const files = existsSync(folder) ? listFiles('') : [];

function listFiles(below: string): string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = join(below, name);
    return statSync(join(folder, path)).isDirectory() ? listFiles(path) : [path];
  });
}

/** Those that name the file itself, else those that name how it begins. */
function expectationsOf(file: string): readonly Expectation[] {
  const exact = expectations.filter((each) => each.file === file);
  return exact.some((each) => each.options === undefined)
    ? exact
    : [
        ...exact,
        ...expectations.filter((each) => each.file !== file && file.startsWith(each.file)),
      ];
}

interface Report {
  readonly findings: readonly Readonly<Record<string, string>>[];
  readonly undetermined: readonly { readonly detector: string }[];
}

async function outcomeOf(
  file: string,
  options: Expectation['options'] = {},
): Promise<{ code: number; report: Report; printed: string }> {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
    isInteractive: false,
    hasColour: false,
  };
  const clock = { now: () => toInstant('2026-11-01T00:00:00Z') };
  const world = { terminal, environment: {}, clock };
  const code = await analyzeCommand([join(folder, file)], { ...options, json: true }, world);
  return { code, report: JSON.parse(out) as Report, printed: `${out}\n${err}` };
}

const described = files.filter((file) => file !== 'INDEX.md');

(files.length === 0 ? describe.skip : describe)('analyze over the cases', () => {
  it.each(described.length === 0 ? [`there is no ${folder}: set CASES_DIR`] : described)(
    'gives what is expected: %s',
    async (file) => {
      const expected = expectationsOf(file);
      expect(expected).not.toEqual([]); // a file that nobody described

      for (const { says = {}, exit = 0, tells, options } of expected) {
        const { code, report, printed } = await outcomeOf(file, options);

        for (const [detector, said] of Object.entries(says)) {
          compare(report, detector, said);
        }
        expect(code).toBe(exit);
        expect(printed).toMatch(tells ?? /./);
      }
    },
  );

  it('has every file that is described', () => {
    const missing = expectations.filter(
      (each) => !files.some((file) => file.startsWith(each.file)),
    );

    expect(missing.map((each) => each.file)).toEqual([]);
  });
});

function compare(
  report: Report,
  detector: string,
  said: NonNullable<Expectation['says']>[string],
): void {
  const findings = report.findings.filter((each) => each['detector'] === detector);
  const undetermined = report.undetermined.filter((each) => each.detector === detector);
  if (typeof said === 'string') {
    expect(findings).toEqual([]);
    expect(undetermined).toHaveLength(said === 'undetermined' ? 1 : 0);
    return;
  }
  const { title, words, never, ...facts } = said;
  expect(findings).toEqual([expect.objectContaining(facts)]);
  expect(findings[0]?.['title']).toMatch(title ?? /./);
  const text = `${findings[0]?.['title'] ?? ''} ${findings[0]?.['summary'] ?? ''}`;
  expect(text).toMatch(words ?? /./);
  expect(text).not.toMatch(never ?? /^$/);
}
