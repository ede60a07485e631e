import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { analyzeCommand, type AnalyzeOptions } from '../../cli/commands/analyze';
import { UsageError } from '../../cli/exit';
import { toInstant } from '../../shared/domain/time';
import { conflict, contact, guest, removed, synced, taken } from '../detectors/rounds';
import { folderWith } from '../fakes/folder';

type Row = Record<string, unknown>;

const ADDRESS = 'tim@partner.example';
const tim = guest('g-1', ADDRESS);
const refused = synced('s-1', { serviceProvisioningErrors: [taken(ADDRESS, 'x')] });
const wishing = synced('s-1', { mail: ADDRESS });
const GRAPH = 'https://graph.microsoft.com/v1.0';

interface PageOptions {
  readonly collection?: string;
  readonly next?: boolean;
  /** Of a delta query: after the first round it shows only what has changed. */
  readonly isDelta?: boolean;
}

function page(
  rows: readonly Row[],
  { collection = 'users', next = false, isDelta = true }: PageOptions = {},
): string {
  const link = `${GRAPH}/${collection}${isDelta ? '/delta' : ''}?$skiptoken=x`;
  return JSON.stringify({
    '@odata.context': `${GRAPH}/$metadata#${collection}(id,displayName,mail,proxyAddresses)`,
    ...(next ? { '@odata.nextLink': link } : isDelta ? { '@odata.deltaLink': link } : {}),
    value: rows,
  });
}

interface Report {
  readonly read: Record<
    string,
    { records: number; kept: number; malformed: number; coverage?: { from: string; to: string } }
  >;
  readonly warnings: readonly string[];
  readonly pending: readonly { readonly until: string }[];
  readonly findings: readonly {
    readonly detector: string;
    readonly message: string;
    readonly status: string;
    readonly resolution?: string;
    readonly summary: string;
    readonly firstSeenAt: string;
  }[];
}

async function run(
  inputs: string[],
  options: AnalyzeOptions = {},
  environment: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string; report: () => Report }> {
  let out = '';
  let err = '';
  const terminal = {
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
    isInteractive: false,
    hasColour: false,
  };
  const clock = { now: () => toInstant('2026-06-20T00:00:00Z') };
  const world = { terminal, environment, clock };
  const code = await analyzeCommand(inputs, { json: true, ...options }, world);
  return { code, out, err, report: () => JSON.parse(out) as Report };
}

/** Files by name, each with its text and when it was read, as hours of a day. */
async function analyzed(
  files: Record<string, readonly [hour: number, text: string]>,
): Promise<Report> {
  const folder = folderWith(Object.fromEntries(Object.entries(files).map(([n, [, t]]) => [n, t])));
  const observedAt = Object.entries(files).map(
    ([name, [hour]]) => `${join(folder, name)}=2026-06-14T${String(hour).padStart(2, '0')}:00:00Z`,
  );
  const inputs = Object.keys(files).map((name) => join(folder, name));
  return (await run(inputs, { observedAt })).report();
}

const said = ({ findings }: Report): string[] =>
  findings.map(({ message, status, resolution }) => `${message} ${resolution ?? status}`);

describe('cli/analyze, of the directory', () => {
  it('finds what the rounds come to', async () => {
    const report = await analyzed({ a: [1, page([tim])], b: [2, page([refused])] });

    expect(said(report)).toEqual(['guest-holds open']);
    expect(report.findings[0]!.firstSeenAt).toBe('2026-06-14T02:00:00.0000000Z');
    expect(report.read['directoryObjects']).toMatchObject({
      ...{ records: 2, kept: 2, malformed: 0 },
      coverage: { from: '2026-06-14T01:00:00.0000000Z', to: '2026-06-14T02:00:00.0000000Z' },
    });
    expect(report.warnings).toEqual([
      'of the directory, groups and contacts were not read completely: what they hold and want is not known.',
    ]);
  });

  it('a row of a delta query carries only what has changed', async () => {
    const report = await analyzed({
      a: [1, page([tim, refused])],
      b: [2, page([removed('g-1')])],
      c: [3, page([{ id: 's-1', displayName: 'Tim' }])],
      d: [4, page([{ id: 's-1', serviceProvisioningErrors: [] }])],
    });

    expect(said(report)).toEqual(['guest-holds freed']);
  });

  it('takes what a list does not hold any more for removed, of two complete rounds', async () => {
    const list = (rows: readonly Row[], next = false): string =>
      page(rows, { isDelta: false, next });

    const whole = await analyzed({ a: [1, list([tim, refused])], b: [2, list([refused])] });
    const half = await analyzed({ a: [1, list([tim, refused])], b: [2, list([refused], true)] });
    const first = await analyzed({ a: [1, list([tim, refused], true)], b: [2, list([refused])] });

    expect(whole.findings[0]!.summary).toContain('free since 2026-06-14 02:00 UTC');
    expect(half.findings[0]!.summary).not.toContain('free since');
    expect(half.warnings.join()).toContain(
      'the round of users of 2026-06-14 02:00 UTC is incomplete',
    );
    expect(first.findings[0]!.summary).not.toContain('free since');
  });

  it('what is removed in an incomplete round stays', async () => {
    const report = await analyzed({
      a: [1, page([tim, refused])],
      b: [2, page([removed('g-1')], { next: true })],
    });

    expect(report.findings[0]!.summary).not.toContain('free since');
  });

  it('says whether collections were not read where that matters, and nowhere else', async () => {
    const some = await analyzed({ a: [1, page([tim, refused])], b: [2, page([removed('g-1')])] });
    const all = await analyzed({
      a: [1, page([tim, refused])],
      b: [2, page([removed('g-1')])],
      c: [2, page([], { collection: 'groups' })],
      d: [2, page([contact('c', 'c@example.com')], { collection: 'contacts' })],
    });

    expect(some.findings[0]!.summary).toContain('holds it is not known: they were not read');
    expect(all.findings[0]!.summary).not.toContain('not known');
    expect(all.warnings).toEqual([]);
  });

  it('pages of one time are one round, whatever comes first, and may come twice', async () => {
    const files = {
      z: [2, page([refused])],
      y: [2, page([refused])],
      b: [1, page([tim])],
      a: [1, page([synced('x')], { next: true })],
    } as const;

    expect(said(await analyzed(files))).toEqual(['guest-holds open']);
  });

  it('takes the time of the file, and pages written one after the other for one round', async () => {
    const folder = folderWith({
      a: page([tim], { next: true }),
      b: page([refused]),
      c: page([removed('g-1')]),
    });
    const times = {
      a: '2026-06-14T01:00:00Z',
      b: '2026-06-14T01:00:07Z',
      c: '2026-06-14T02:00:00Z',
    };
    for (const [name, time] of Object.entries(times)) {
      utimesSync(join(folder, name), new Date(time), new Date(time));
    }

    const report = (await run([folder])).report();

    expect(report.read['directoryObjects']!.coverage).toEqual({
      ...{ from: '2026-06-14T01:00:00.0000000Z', to: '2026-06-14T02:00:00.0000000Z', gaps: [] },
    });
    expect(report.findings[0]!.summary).toContain('free since 2026-06-14 02:00 UTC');
  });

  it('a download that broke off is no part of the next one', async () => {
    const folder = folderWith({ a: page([tim], { next: true }), b: page([refused]) });
    utimesSync(join(folder, 'a'), 0, new Date('2026-06-13T01:00:00Z'));
    utimesSync(join(folder, 'b'), 0, new Date('2026-06-14T01:00:00Z'));

    const report = (await run([folder])).report();

    expect(report.warnings.join()).toContain(
      'the round of users of 2026-06-13 01:00 UTC is incomplete',
    );
  });

  it('one time holds for all files', async () => {
    const folder = folderWith({ a: page([tim]), b: page([refused]) });

    const { report } = await run([folder], { observedAt: ['2026-06-14T01:00:00Z'] });

    expect(report().findings[0]!.firstSeenAt).toBe('2026-06-14T01:00:00.0000000Z');
  });

  it('several pages may stand in one file, as a list or line by line, and end with what is said of them', async () => {
    const { value, ...about } = JSON.parse(page([refused])) as Row & { value: Row[] };
    const pages = [page([tim], { next: true }), JSON.stringify({ value, ...about })];
    const observedAt = ['2026-06-14T01:00:00Z'];

    const list = await run([folderWith({ a: `[${pages.join()}]` })], { observedAt });
    const lines = await run([folderWith({ a: `${pages.join('\n')}\n` })], { observedAt });

    expect(said(list.report())).toEqual(['guest-holds open']);
    expect(said(lines.report())).toEqual(['guest-holds open']);
  });

  it('waits for an address that may still come, and says until when', async () => {
    const early = await analyzed({ a: [1, page([tim, wishing])], b: [3, page([])] });
    const late = await analyzed({ a: [1, page([tim, wishing])], b: [5, page([])] });

    expect(early.findings).toEqual([]);
    expect(early.pending[0]!.until).toBe('2026-06-14T04:00:00.0000000Z');
    expect(said(late)).toEqual(['guest-holds-likely open']);
  });

  it('leaves out what was read after --as-of', async () => {
    const folder = folderWith({ a: page([tim]), b: page([refused]) });
    const observedAt = [`${join(folder, 'a')}=2026-06-14T01:00:00Z`, '2026-06-14T02:00:00Z'];

    const before = await run([folder], { observedAt, asOf: '2026-06-14T01:30:00Z' });
    const then = await run([folder], { observedAt, asOf: '2026-06-14T02:00:00Z' });

    expect(before.report().findings).toEqual([]);
    expect(said(then.report())).toEqual(['guest-holds open']);
  });

  it('names a row that it cannot use, and takes nothing for removed by its round', async () => {
    const list = (rows: readonly Row[]): string => page(rows, { isDelta: false });
    const folder = folderWith({
      a: list([tim, refused]),
      b: list([refused, { id: 'x', proxyAddresses: 'System.Object[]' }]),
    });
    const observedAt = [`${join(folder, 'a')}=2026-06-14T01:00:00Z`, '2026-06-14T02:00:00Z'];

    const { code, err, report } = await run([folder], { observedAt });

    expect(code).toBe(1);
    expect(err).toContain('row 2 of the page: proxyAddresses is not a list of texts');
    expect(report().findings[0]!.summary).not.toContain('free since');
  });

  it('names a page that is cut', async () => {
    const { code, err, out } = await run([folderWith({ a: page([tim, refused]).slice(0, -20) })]);

    expect(code).toBe(1);
    expect(err).toMatch(/a: holds a page of directory objects that is cut or no valid JSON; save/);
    expect(JSON.parse(out)).toMatchObject({ findings: [] });
  });

  it('reads a list of users that is no page row by row, and says that it is unknown', async () => {
    const { code, err } = await run([folderWith({ a: JSON.stringify([tim, refused]) })]);

    expect(code).toBe(1);
    expect(err).toContain('2 of 2 rows could not be used');
  });

  it.each([
    [['soon'], /--observed-at: /],
    [['2026-06-14T01:00:00Z', '2026-06-14T02:00:00Z'], /says two times for all files/],
    [['a=2026-06-14T01:00:00Z', 'a=2026-06-14T02:00:00Z'], /says two times for a$/],
    [['other=2026-06-14T01:00:00Z'], /speaks of other, which is none of the files read/],
  ])('refuses --observed-at %j', async (observedAt, why) => {
    const asked = run([folderWith({ a: page([tim]) })], { observedAt });

    await expect(asked).rejects.toThrow(UsageError);
    await expect(asked).rejects.toThrow(why);
  });

  it('finds a file of a folder by its name alone', async () => {
    const folder = folderWith({ 'users.json': page([tim, refused]) });

    const { report } = await run([folder], { observedAt: ['users.json=2026-06-14T01:00:00Z'] });

    expect(report().findings[0]!.firstSeenAt).toBe('2026-06-14T01:00:00.0000000Z');
  });

  it('a detector can be switched off, and what is not given is not missed', async () => {
    const text = page([tim, refused]);
    const off = await run(
      [folderWith({ a: text })],
      {},
      {
        DETECTOR_GUEST_PROXY_ADDRESS_CONFLICT_ENABLED: 'false',
      },
    );
    const without = await run([folderWith({ a: '[]' })]);

    expect(off.report().findings).toEqual([]);
    expect(without.report().warnings.join()).not.toContain('directory');
  });

  it('tells in text what was read', async () => {
    const { out } = await run([folderWith({ a: page([tim, refused]) })], {
      ...{ json: false, observedAt: ['2026-06-14T01:00:00Z'] },
    });

    expect(out).toMatch(
      /directoryObjects +2 +2 +0 +2026-06-14 01:00 UTC to .* \(complete rounds\)/,
    );
    expect(out).toContain(
      'warning: of the directory, groups and contacts were not read completely',
    );
  });

  it('a conflict by sign-in name is told by the other detector', async () => {
    const holder = synced('h-1', {
      ...{ userPrincipalName: ADDRESS, mail: 'h-1@example.com' },
      proxyAddresses: ['SMTP:h-1@example.com', `smtp:${ADDRESS}`],
    });
    const wanter = synced('w-1', { onPremisesProvisioningErrors: [conflict(`SMTP:${ADDRESS}`)] });

    expect(said(await analyzed({ a: [1, page([holder, wanter])] }))).toEqual(['wanted open']);
  });
});
