import { stringify } from 'csv-stringify/sync';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { analyzeCommand, type AnalyzeOptions } from '../../cli/commands/analyze';
import { memoryStores } from '../fakes/memory-stores';
import { configureDetectors } from '../../shared/config/detectors';
import type { EntraRecord } from '../../shared/domain/record';
import type { Signal } from '../../shared/domain/findings/signal';
import { toInstant } from '../../shared/domain/time';
import { analyze } from '../../shared/pipeline/analyze';
import type { ExportedRow, ExportPage } from '../../shared/pipeline/queries/export-tally';
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
  counts: { what: string; count: number }[];
  pending: { subject: { name: string }; until: string; remedy: string }[];
  undetermined: unknown[];
  gaps: unknown[];
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

function csv(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const header = names.map((name) => (name.endsWith('DateTime') ? `${name} [UTC]` : name));
  const cells = rows.map((row) => names.map((name) => row[name]));
  return stringify([header, ...cells], { bom: true, cast: { boolean: String } });
}

const splunk = (row: Row): Row =>
  ({ preview: false, result: { _raw: JSON.stringify(envelope(row)) } }) as unknown as Row;
const elastic = (row: Row): Row =>
  ({ _source: { event: { original: JSON.stringify(envelope(row)) } } }) as unknown as Row;

function windowsPowerShell(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => {
      const isTime = typeof value === 'string' && key.endsWith('DateTime');
      const name = key.charAt(0).toUpperCase() + key.slice(1);
      return [name, isTime ? `/Date(${Date.parse(value)})/` : value];
    }),
  ) as Row;
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
    [
      'a CSV of the query page',
      { a: csv(audits.map(logAnalytics)), s: csv(signIns.map(logAnalytics)) },
    ],
    [
      'what Splunk and Elastic make of them',
      { a: lines(audits.map(splunk)), s: lines(signIns.map(elastic)) },
    ],
    [
      'what Windows PowerShell makes of them',
      { all: JSON.stringify([...audits, ...signIns].map(windowsPowerShell)) },
    ],
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

  it("reads the portal's sign-in CSV, which holds what the ActiveSync detector needs", async () => {
    const header =
      'Date (UTC),Request ID,User ID,User,Username,Resource,IP address,Location,Status,Sign-in error code,' +
      'Client app,Device ID,Operating System,Conditional Access';
    const row =
      '2026-03-02T09:00:00Z,r1,u1,Ann,ann@example.com,Office 365 Exchange Online,192.0.2.7,"Oslo, Oslo, NO",Success,' +
      'None,Exchange ActiveSync,,Android,Failure';

    const { code, json } = await run([folderWith({ log: `\ufeff${header}\n${row}\n` })]);

    expect(code).toBe(0);
    expect(json().findings).toMatchObject([
      { detector: 'eas-success-despite-ca-failure', subject: { name: 'ann@example.com' } },
    ]);
  });

  it('tells a person what was found, in words', async () => {
    const { out, err } = await run([EXAMPLES], {});

    expect(out.replaceAll(/\s+/g, ' ')).toMatch(
      /MFATest2@domain\.com added the authenticator .* at 2023-08-08 12:38 UTC/,
    );
    expect(out).toContain('9 findings');
    expect(out).toContain('(assumed complete)');
    expect(out).toMatch(/ActiveSync sign-ins from .* to .*, accepted or not:\s+\d/);
    expect(err).toBe('');
  });

  it('lists what is still inside its grace as pending', async () => {
    const { json } = await run([EXAMPLES], { json: true, asOf: '2023-08-08T13:00:00Z' });

    expect(
      json()
        .findings.map((each) => each.detector)
        .sort(),
    ).toEqual([
      'bootstrap-not-finished',
      'eas-success-despite-ca-failure',
      'group-migration-leftover',
      'security-info-prompt-loop',
      'smart-lockout-overshoot',
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

  it('says how much ActiveSync there is, and warns of none', async () => {
    const browser = signIns.map((row) => ({ ...row, clientAppUsed: 'Browser' }));

    const none = await run([folderWith({ log: lines([...audits, ...browser]) })]);
    const some = await run([folderWith({ log: lines([...audits, ...signIns, ...signIns]) })]);
    const no = await run([folderWith({ log: lines(audits) })]);

    expect(none.json().warnings).toEqual([]);
    expect(none.json().counts).toMatchObject([{ what: 'ActiveSync sign-ins', count: 0 }]);
    expect(no.json().counts).toEqual([]);
    expect(some.json().counts).toMatchObject([{ what: 'ActiveSync sign-ins', isAtLeast: false }]);
  });

  it('warns when a log that a detector needs is not there', async () => {
    const { json } = await run([folderWith({ s: lines(signIns) })]);

    expect(json().warnings).toEqual([
      'bootstrap-not-finished: the input holds no audit records at all.',
      'group-migration-leftover: the input holds no audit records at all.',
      'mfa-registration-unfinished: the input holds no audit records at all.',
      'registration-without-outcome: the input holds no audit records at all.',
      'security-info-prompt-loop: the input holds no audit records at all.',
      'smart-lockout-overshoot: the input holds no audit records at all.',
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

    const { code, err, json } = await run([folderWith({ log: `${lines(rows)}\n{"id":"ha` })]);

    expect(code).toBe(1); // one that is cut may have said anything
    expect(err).toMatch(
      /log: 7 of \d+ rows could not be used, so .* the first, on line 1: the record has no id/,
    );
    expect(json().findings).toHaveLength(2);
    const reasons = Object.values(json().read).flatMap((each) =>
      each.skipped.map(({ line, reason }) => `${line}: ${reason}`),
    );
    expect(reasons).toEqual([
      '1: the record has no id',
      '2: the record has no activityDateTime',
      expect.stringMatching(/^3: .*no zone/),
      expect.stringMatching(/^4: targetResources is not JSON/),
      expect.stringMatching(
        /^5: the (old|new)Value of StrongAuthenticationPhoneAppDetail is not JSON/,
      ),
      '6: is neither an audit record nor a sign-in record of Entra',
      expect.stringMatching(/ends in the middle of a record/),
    ]);
  });

  it('reads the others when a file cannot be read at all, and fails', async () => {
    const folder = folderWith({
      'a.csv': 'Date (UTC),CorrelationId,Service,Category,Activity\n1,2,3,4,5',
      'b.json': lines([...audits, ...signIns]),
    });

    const { code, err, json } = await run([folder, '/nowhere']);

    expect(code).toBe(1);
    expect(json().findings).toHaveLength(2);
    expect(err).toMatch(
      /a\.csv: is the CSV of the Entra admin center's audit log, which has no ids/,
    );
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

  it.each([
    ['2023-08-09T00:00:00Z', 'directoryAudits (2023-08-08 16:40 UTC) and of signIns'],
    ['2023-08-08T16:40:00.0000001Z', 'directoryAudits (2023-08-08 16:40 UTC)'],
  ])('refuses to begin at %s, after the newest record', async (completeFrom, whose) => {
    const options = { completeFrom };

    await expect(run([EXAMPLES], options)).rejects.toThrow(`the newest record of ${whose}`);
    expect((await run([EXAMPLES], { ...options, asOf: '2023-09-09T00:00:00Z' })).code).toBe(0);
  });

  it.each(['', ' \n\n'])('says that a file is empty, and reads the others: %j', async (empty) => {
    const folder = folderWith({ a: lines(audits), b: empty });

    const { err, code } = await run([folder]);

    expect(code).toBe(1);
    expect(err).toContain(`${join(folder, 'b')}: is empty, so whatever it should hold is missing`);
  });

  it('tells rows of several files apart that are numbered from 1 in each', async () => {
    const scans = audits.filter((row) => row['activityDisplayName'] === 'Update user').slice(0, 1);
    const numbered = (person: string): string =>
      lines(
        scans.map((row) => {
          const targetResources = [{ id: person, type: 'User', modifiedProperties: 7 }];
          return { ...row, id: 1 as unknown as string, targetResources };
        }),
      );

    const { gaps } = (await run([folderWith({ a: numbered('ann'), b: numbered('ben') })])).json();

    const whose = (gaps as { subject: { id: string } }[]).map(({ subject }) => subject.id);
    expect(whose.sort()).toEqual(['ann', 'ben']);
  });

  it.each([
    ['id', 'the record has no id'],
    ['activityDisplayName', 'activityDisplayName is not a text'],
    ['targetResources', 'targetResources.0 is a list, not an object'],
    ['additionalDetails', ''],
  ])('reads on after a row that is nested 100,000 levels deep in %s', async (property, reason) => {
    const endless = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const row = JSON.stringify({ ...audits[0]!, [property]: '@' }).replace('"@"', endless);
    const log = `${lines(audits)}\n${row}\n${lines(signIns)}\n`;

    const { read } = (await run([folderWith({ log })])).json();

    expect(read['directoryAudits']?.records).toBe(audits.length + 1);
    expect(read['signIns']?.records).toBe(signIns.length);
    expect(read['directoryAudits']?.skipped[0]?.reason ?? '').toBe(reason);
  });

  it('says so when nothing was read', async () => {
    const { out, code } = await run([folderWith({ log: '[]' })], {});

    expect(code).toBe(0);
    expect(out).toContain('Nothing was read.');
    expect(out).toContain('No findings');
  });
});

describe('crosscheck analyze, of a file that is cut off in the middle', () => {
  const two = audits.slice(0, 2);
  const csv = (): string =>
    stringify(
      two.map((row) => ({
        ...{ Id: row.id, Category: 'AuditLogs', Result: row['result'] },
        'ActivityDateTime [UTC]': row['activityDateTime'],
        ActivityDisplayName: row['activityDisplayName'],
        TargetResources: JSON.stringify(row['targetResources']),
      })),
      { header: true },
    );

  it.each<[string, Buffer, (text: string) => boolean]>([
    ['a list', Buffer.from(JSON.stringify(two)), () => false],
    ['a page', Buffer.from(JSON.stringify({ value: two })), () => false],
    ['pretty', Buffer.from(JSON.stringify(two, undefined, 2)), () => false],
    [
      'a record per line',
      Buffer.from(lines(two)),
      (text) => text.trim() === lines(two.slice(0, 1)),
    ],
    ['CSV', Buffer.from(csv()), (text) => text.endsWith('\n')],
    ['packed', gzipSync(JSON.stringify(two)), () => false],
  ])('%s exits 1 wherever it ends', async (_, whole, isWhole) => {
    expect((await run([folderWith({ whole })])).code).toBe(0);
    const step = Math.ceil(whole.length / 40);
    for (let end = step; end < whole.length; end += step) {
      const part = whole.subarray(0, end);
      const { code } = await run([folderWith({ cut: part })]);

      expect([end, code]).toEqual([end, isWhole(part.toString()) ? 0 : 1]);
    }
  });
});

describe('crosscheck analyze, of rows that cannot be used', () => {
  const foreign = Array.from({ length: 10 }, () => ({ hello: 'world' }));
  const others = (n: number): Row[] =>
    Array.from({ length: n }, (_, i) => ({ ...audits[0]!, id: `more-${i}` }));

  it.each<{ when: string; rows: unknown[]; code: number; says: RegExp }>([
    { when: 'a tenth', rows: [...foreign, ...others(90)], code: 0, says: /^$/ },
    {
      when: 'more than a tenth',
      rows: [...foreign, ...others(89)],
      code: 1,
      says: /log: 10 of 99 rows could not be used, .* is neither an audit record/,
    },
    {
      when: 'many that nobody reads',
      rows: [
        ...others(1),
        ...foreign.map(() => ({ category: 'ManagedIdentitySignInLogs', properties: {} })),
      ],
      code: 0,
      says: /^$/,
    },
    {
      when: 'one that a detector needs',
      rows: [
        ...others(99),
        { ...audits.find((row) => row['activityDisplayName'] === 'Update user')!, id: null },
      ],
      code: 1,
      says: /1 of 100 rows could not be used, .* the record has no id/,
    },
    {
      when: 'one that no detector needs',
      rows: [...others(99), { ...audits[0]!, id: null, activityDisplayName: 'Add application' }],
      code: 0,
      says: /^$/,
    },
  ])('exits $code for $when', async ({ rows, code, says }) => {
    const result = await run([folderWith({ log: lines(rows) })]);

    expect(result.code).toBe(code);
    expect(result.err.trim()).toMatch(says);
  });

  it.each<{ when: string; files: Record<string, string>; says: RegExp[] }>([
    {
      when: 'its records were refused',
      files: { a: lines(audits.map((row) => ({ ...row, id: null }))), s: lines(signIns) },
      says: [/none of the \d+ audit records of the input can be used/],
    },
    {
      when: 'a file was refused',
      files: { 'a.csv': 'Date (UTC),Service,Activity\n1,2,3', s: lines(signIns) },
      says: [/no audit records were read; what could not be used may have held some/],
    },
    {
      when: 'unknown rows were refused',
      files: { s: lines([...foreign, ...signIns]) },
      says: [/no audit records were read; what could not be used may have held some/],
    },
    {
      when: 'the row that it looks for was refused',
      files: {
        a: lines(
          audits.map((row) =>
            row['activityDisplayName'] === 'Update user' ? { ...row, id: null } : row,
          ),
        ),
        s: lines(signIns),
      },
      says: [/rows of the audit records that could not be used may have held what it looks for/],
    },
  ])('does not say that the input holds none when $when', async ({ files, says }) => {
    const { warnings } = (await run([folderWith(files)])).json();

    const said = new Set(warnings.map((each) => each.replace(/^[\w-]+: /, ''))); // by whichever detectors
    expect([...said]).toEqual(says.map((each) => expect.stringMatching(each) as string));
    expect(warnings.join()).not.toMatch(/holds no/);
  });
});

describe('crosscheck analyze, of a verification that cannot be read', () => {
  const scan = audits.find((row) => row['activityDateTime'] === '2023-08-08T12:38:54.0000000Z')!;
  const early = { ...audits[0]!, id: 'early', activityDateTime: '2023-08-01T00:00:00Z' };
  const late = { ...audits[0]!, id: 'late', activityDateTime: '2023-08-08T20:00:00Z' };
  const [target] = scan['targetResources'] as Record<string, unknown>[];
  const scanOf = (id: string): Row => ({
    ...{ ...scan, id: `scan-${id}` },
    targetResources: [{ ...target, id, userPrincipalName: `${id}@example.com` }],
  });
  const verified = (id: string, more: Record<string, unknown>): Record<string, unknown> => ({
    ...{ activityDisplayName: 'User registered security info', result: 'success' },
    ...{ activityDateTime: '2023-08-08T12:40:00Z', loggedByService: 'Authentication Methods' },
    resultReason: 'User registered Authenticator App with Notification and Code',
    initiatedBy: { user: { id, userPrincipalName: `${id}@example.com` } },
    targetResources: [{ id, type: 'User', userPrincipalName: `${id}@example.com` }],
    ...more,
  });
  const log = (...rows: unknown[]): string => folderWith({ log: lines([early, ...rows, late]) });
  const ids = (named: readonly { subject: { id: string } }[]): string[] =>
    named.map(({ subject }) => subject.id).toSorted();

  it('is a gap of each of two people whose rows look the same, without id and time', async () => {
    const bare = { activityDateTime: null };
    const rows = [scanOf('ann'), scanOf('bob'), verified('ann', bare), verified('bob', bare)];

    const { findings, gaps, undetermined } = (await run([log(...rows)])).json();

    expect(findings).toEqual([]);
    expect(ids(gaps as [])).toEqual(['ann', 'bob']);
    expect(ids(undetermined as [])).toEqual(['ann', 'bob']);
  });

  it('is a gap of its person alone where that stands in it, though a part was cut', async () => {
    const cut = { id: 'v', initiatedBy: '{"user":{"id":"an' };
    const rows = [scanOf('ann'), scanOf('bob'), verified('ann', cut)];

    const { findings, gaps } = (await run([log(...rows)])).json();

    expect(findings).toMatchObject([{ subject: { id: 'bob' } }]);
    expect(ids(gaps as [])).toEqual(['ann']);
  });

  it('asks for the row again, not for a longer export', async () => {
    const folder = log(scanOf('ann'), verified('ann', { result: 0, id: 'v' }));

    const { undetermined } = (await run([folder])).json();
    const { out, err } = await run([folder], {});

    expect(undetermined).toMatchObject([
      { remedy: expect.stringContaining('export that row again') as string },
    ]);
    expect(out).not.toContain('--complete-from');
    expect(err).toContain('result is a number, not a text');
  });

  it('is told without a time when no row has one', async () => {
    const row = verified('ann', { id: 'v', activityDateTime: null });

    const { out } = await run([folderWith({ log: lines([row]) })], {});

    expect(out).toContain('a row without a time about this person could not be read');
  });
});

describe('crosscheck analyze --as-of', () => {
  it('says that all records are later, not that there are none', async () => {
    const { json } = await run([EXAMPLES], { json: true, asOf: '2001-01-01T00:00:00Z' });

    expect(json().warnings).toContainEqual(
      expect.stringMatching(/: all \d+ audit records that can be used are later than --as-of/),
    );
    expect(json().warnings.join()).not.toContain('holds no');
  });
});

describe('crosscheck analyze --complete-from', () => {
  const entry = audits.find((row) => row['activityDateTime'] === '2023-08-08T12:38:54.0000000Z')!;
  const later = { ...audits[0]!, id: 'later', activityDateTime: '2023-08-08T20:00:00Z' };
  const oneUser = (): string => folderWith({ log: lines([entry, later]) });
  const from = '2023-08-01T00:00:00Z';

  it('judges an export whose first row is the scan', async () => {
    const without = (await run([oneUser()])).json();
    const vouched = (await run([oneUser()], { json: true, completeFrom: from })).json();

    expect(without).toMatchObject({
      findings: [],
      undetermined: [{ remedy: expect.stringContaining('--complete-from') as string }],
    });
    expect(vouched.findings).toMatchObject([
      { detector: 'mfa-registration-unfinished', status: 'open' },
    ]);
    expect(vouched.undetermined).toEqual([]);
  });

  it('judges an export of that one row, together with --as-of', async () => {
    const folder = folderWith({ log: lines([entry]) });

    const waiting = (await run([folder], { json: true, completeFrom: from })).json();
    const asOf = '2023-08-08T16:00:00Z';
    const done = (await run([folder], { json: true, completeFrom: from, asOf })).json();

    expect(waiting.pending).toMatchObject([
      { remedy: expect.stringContaining('--as-of') as string },
    ]);
    expect(done.findings).toMatchObject([{ status: 'open' }]);
  });

  it('names itself where something cannot be told', async () => {
    const { out } = await run([oneUser()], {});

    expect(out.replaceAll(/\s+/g, ' ')).toContain('say so with --complete-from TIME');
  });

  it('begins later than the oldest record when the person says so', async () => {
    const { json } = await run([oneUser()], { json: true, completeFrom: '2023-08-08T15:00:00Z' });

    expect(json().undetermined).toHaveLength(1);
  });

  it.each([
    [{ completeFrom: 'yesterday' }, /--complete-from: "yesterday" is not a time/],
    [{ completeFrom: '2023-08-01' }, /--complete-from: "2023-08-01" is not a time/],
    [{ completeFrom: from, asOf: from }, /--complete-from must be earlier than --as-of/],
  ])('refuses %j', async (options, sentence) => {
    await expect(run([oneUser()], options)).rejects.toThrow(sentence);
  });
});

describe('a record that a detector cannot take', () => {
  it('is named by file and line, and the others go on', async () => {
    const all = configureDetectors({});
    const eas = all.find((each) => each.detector.id === 'eas-success-despite-ca-failure');
    const others = all.filter((each) => each !== eas);
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
    const { read, findings } = await analyze(pages(), detectors, memoryStores, {
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
