import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { analyzeCommand, type AnalyzeOptions } from '../../cli/analyze';
import { memoryStores } from '../fakes/memory-stores';
import { configureDetectors } from '../../shared/config/detectors';
import type { EntraRecord } from '../../shared/domain/record';
import type { Signal } from '../../shared/domain/signal';
import { toInstant } from '../../shared/domain/time';
import { analyze, type ExportedRow, type ExportPage } from '../../shared/pipeline/analyze';
import { folderWith } from '../fakes/folder';

const EXAMPLES = join(__dirname, '../../examples');
const audits = JSON.parse(readFileSync(join(EXAMPLES, 'audit-logs.json'), 'utf8')) as Row[];
const signIns = readFileSync(join(EXAMPLES, 'sign-ins.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

type Row = Record<string, unknown> & { id: string };

async function run(
  inputs: string[],
  options: AnalyzeOptions = { json: true },
  environment: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string; json: () => Report }> {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
    isInteractive: false,
    hasColour: false,
  };
  const clock = { now: () => toInstant('2026-01-01T00:00:00Z') };
  const code = await analyzeCommand(inputs, options, { terminal, environment, clock });
  return { code, out, err, json: () => JSON.parse(out) as Report };
}

interface Report {
  asOf: string | null;
  read: Record<
    string,
    { records: number; malformed: number; skipped: { line: number; reason: string }[] }
  >;
  warnings: string[];
  pending: { subject: { name: string }; until: string }[];
  undetermined: unknown[];
  findings: {
    detector: string;
    message: string;
    status: string;
    subject: { name: string };
    id: string;
  }[];
}

function envelope(row: Row): Row {
  const isAudit = 'activityDateTime' in row;
  return {
    time: row['activityDateTime'] ?? row['createdDateTime'],
    category: isAudit ? 'AuditLogs' : 'SignInLogs',
    operationName: isAudit ? row['activityDisplayName'] : 'Sign-in activity',
    resultType: '0',
    properties: row,
  } as unknown as Row;
}

function logAnalytics(row: Row): Row {
  const columns = Object.entries(row).map(([key, value]) => {
    const name =
      {
        location: 'LocationDetails',
        appliedConditionalAccessPolicies: 'ConditionalAccessPolicies',
        ipAddress: 'IPAddress',
      }[key] ?? key.charAt(0).toUpperCase() + key.slice(1);
    return [name, typeof value === 'object' && value !== null ? JSON.stringify(value) : value];
  });
  return Object.fromEntries([
    ...columns,
    ['TimeGenerated', '2026-01-01T00:00:00Z'],
    ['Type', 'activityDateTime' in row ? 'AuditLogs' : 'SigninLogs'],
  ]) as Row;
}

const lines = (rows: readonly unknown[]): string =>
  rows.map((row) => JSON.stringify(row)).join('\n');

describe('crosscheck analyze', () => {
  it.each<[string, Record<string, string | Uint8Array>]>([
    [
      'Graph pages',
      { a: JSON.stringify({ value: audits }), s: JSON.stringify({ value: signIns }) },
    ],
    [
      'JSON arrays in reverse order',
      { a: JSON.stringify(audits.toReversed()), s: JSON.stringify(signIns.toReversed()) },
    ],
    ['one line each, mixed in one file', { all: lines([...signIns, ...audits]) }],
    [
      'diagnostic-settings records, one per line',
      { all: lines([...audits, ...signIns].map(envelope)) },
    ],
    [
      'a batch of diagnostic-settings records',
      { all: JSON.stringify({ records: [...audits, ...signIns].map(envelope) }) },
    ],
    ['a Log Analytics export', { all: lines([...audits, ...signIns].map(logAnalytics)) }],
    ['gzip', { all: gzipSync(lines([...audits, ...signIns])) }],
    [
      'UTF-16',
      { all: Buffer.from(`\ufeff${JSON.stringify([...audits, ...signIns], null, 2)}`, 'utf16le') },
    ],
    [
      'the same rows twice in two formats',
      { a: lines([...audits, ...signIns]), b: lines([...signIns, ...audits].map(envelope)) },
    ],
  ])('finds exactly the two of the posts in %s', async (_format, files) => {
    const { code, json } = await run([folderWith(files)]);

    expect(code).toBe(0);
    expect(
      json().findings.map(({ detector, status, subject }) => [detector, status, subject.name]),
    ).toEqual([
      ['mfa-registration-unfinished', 'open', 'MFATest2@domain.com'],
      ['eas-success-despite-ca-failure', 'open', 'user@domain.com'],
    ]);
    expect(json().findings.map(({ message }) => message)).toEqual(['unfinished', 'blocked']);
    expect(Object.values(json().read).flatMap((each) => each.skipped)).toEqual([]);
    expect(json().warnings).toEqual([]);
  });

  it('tells a person what was found, in words', async () => {
    const { out, err } = await run([EXAMPLES], {});

    expect(out).toContain('MFATest2@domain.com scanned the code at 2023-08-08 12:38 UTC');
    expect(out).toContain('3 findings');
    expect(out).toContain('(assumed complete)');
    expect(err).toBe('');
  });

  it('lists what is still inside its grace as pending', async () => {
    const { json } = await run([EXAMPLES], { json: true, asOf: '2023-08-08T13:00:00Z' });

    expect(json().findings.map((each) => each.detector)).toEqual([
      'eas-success-despite-ca-failure',
    ]);
    expect(json().pending).toMatchObject([
      { subject: { name: 'MFATest2@domain.com' }, until: '2023-08-08T13:38:54.0000000Z' },
    ]);
  });

  it('takes thresholds from the environment', async () => {
    const { json } = await run(
      [EXAMPLES],
      { json: true },
      { DETECTOR_MFA_REGISTRATION_UNFINISHED_GRACE: '12h' },
    );

    expect(json().pending).toHaveLength(1);
  });

  it('warns when a log that a detector needs is not there', async () => {
    const { json } = await run([folderWith({ s: lines(signIns) })]);

    expect(json().warnings).toEqual([
      'mfa-registration-unfinished: the input holds no audit records at all.',
      'registration-without-outcome: the input holds no audit records at all.',
    ]);
  });

  it('names every record that it cannot use, and goes on', async () => {
    const [first = {} as Row] = audits;
    const { id: _id, ...noId } = first;
    const { activityDateTime: _time, ...noTime } = first;
    const damaged = structuredClone(
      audits.find((row) => row['activityDisplayName'] === 'Update user')!,
    ) as unknown as {
      targetResources: { modifiedProperties: { displayName: string; newValue: string }[] }[];
    };
    damaged.targetResources[0]!.modifiedProperties[0]!.displayName =
      'StrongAuthenticationPhoneAppDetail';
    damaged.targetResources[0]!.modifiedProperties[0]!.newValue = '[{"Id":';
    const rows = [
      noId,
      noTime,
      { ...first, activityDateTime: '2023-08-08T12:00:00' },
      { ...first, targetResources: 'all of them' },
      damaged,
      { hello: 'world' },
      ...audits,
      ...signIns,
      { ...first, activityDisplayName: 'x'.repeat(1_000_000), id: 'long' },
    ];

    const { code, json } = await run([folderWith({ log: `${lines(rows)}\n{"id":"ha` })]);

    expect(code).toBe(0);
    expect(json().findings).toHaveLength(2);
    const reasons = Object.values(json().read).flatMap((each) =>
      each.skipped.map(({ line, reason }) => `${line}: ${reason}`),
    );
    expect(reasons).toEqual([
      '1: the record has no id',
      '2: the record has no activityDateTime',
      expect.stringMatching(/^3: .*no zone/),
      expect.stringMatching(/^4: targetResources: .*expected array/),
      expect.stringMatching(
        /^5: the (old|new)Value of StrongAuthenticationPhoneAppDetail is not JSON/,
      ),
      '6: is neither an audit record nor a sign-in record of Entra',
      expect.stringMatching(/ends in the middle of a record/),
    ]);
  });

  it('reads the others when a file cannot be read at all, and fails', async () => {
    const folder = folderWith({
      'a.csv': 'Date (UTC),Correlation ID,Service,Category\n1,2,3,4',
      'b.json': lines([...audits, ...signIns]),
    });

    const { code, err, json } = await run([folder, '/nowhere']);

    expect(code).toBe(1);
    expect(json().findings).toHaveLength(2);
    expect(err).toMatch(/a\.csv: is the portal's CSV/);
    expect(err).toMatch(/\/nowhere: there is no such file or folder/);
  });

  it('prints no control character of a log', async () => {
    const hostile = lines([...audits, ...signIns]).replaceAll(
      'user@domain.com',
      'user\\u001b[31m\\u202e@domain.com',
    );

    const { out } = await run([folderWith({ log: hostile })], {});

    // eslint-disable-next-line no-control-regex -- the point of the test
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it.each([
    [{ asOf: 'yesterday' }, {}, /--as-of: "yesterday" is not a time/],
    [{ asOf: '2023-08-08T12:00:00' }, {}, /has no zone/],
    [{}, { DETECTOR_MFA_REGISTRATION_UNFINISHED_GRACE: 'soon' }, /_GRACE takes a duration like/],
    [{}, { DETECTOR_MFA_REGISTRATION_UNFINISHED_GRACEE: '1h' }, /_GRACEE is not a setting/],
  ])('refuses wrong usage: %j %j', async (options, environment, sentence) => {
    await expect(run([EXAMPLES], options, environment as Record<string, string>)).rejects.toThrow(
      sentence,
    );
  });

  it('says so when nothing was read', async () => {
    const { out, code } = await run([folderWith({ log: '' })], {});

    expect(code).toBe(0);
    expect(out).toContain('Nothing was read.');
    expect(out).toContain('No findings');
  });
});

describe('a record that a detector cannot take', () => {
  it('is named by file and line, and the others go on', async () => {
    const [eas, ...others] = configureDetectors({});
    const signals = (record: EntraRecord): readonly Signal[] => {
      if (record.id === '2') {
        throw new RangeError('never seen the like');
      }
      return eas!.detector.signals(record);
    };
    const row = (id: string): ExportedRow => ({
      ...{
        source: 'signIns',
        file: 'log',
        line: Number(id),
        at: toInstant('2026-01-01T00:00:00Z'),
      },
      valueOf: () => undefined,
      record: {
        ...{ source: 'signIns', id, at: toInstant('2026-01-01T00:00:00Z'), user: { id: 'u' } },
        ...{
          clientApp: 'Exchange ActiveSync',
          errorCode: 0,
          conditionalAccess: 'failure',
          device: {},
        },
      },
    });
    async function* pages(): AsyncGenerator<ExportPage> {
      yield await Promise.resolve({ rows: [row('1'), row('2')], skipped: [] });
    }

    const detectors = [{ ...eas!, detector: { ...eas!.detector, signals } }, ...others];
    const clock = { now: () => toInstant('2026-01-02T00:00:00Z') };
    const { read, findings } = await analyze(pages(), detectors, memoryStores(), {
      tenantId: 't',
      clock,
    });

    expect(read.signIns).toMatchObject({
      records: 2,
      malformed: 1,
      skipped: [{ file: 'log', line: 2, reason: `${eas!.detector.id} failed on it: RangeError` }],
    });
    expect(findings).toMatchObject([{ count: 1 }]);
  });
});
