import { randomUUID } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { coverageCommand, lasting, type CoverageOptions } from '../../cli/commands/coverage';
import { createDemoTenant, type DemoOptions } from '../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import { UsageError } from '../../cli/exit';
import { pollCommand } from '../../cli/commands/poll';
import { statusCommand } from '../../cli/commands/status';
import { joinKey } from '../../shared/adapters/tables/keys';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import { revoke } from '../../shared/domain/reading/coverage';
import type { FeedState } from '../../shared/domain/reading/journal';
import { HOUR, plus, toInstant } from '../../shared/domain/time';
import type { CoverageReport } from '../../shared/pipeline/queries/coverage-report';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { VirtualClock } from '../fakes/clock';
import { inFeed } from '../fakes/cover';

const NOW = toInstant('2026-03-02T12:00:00Z');
const EAS = 'eas-success-despite-ca-failure';

jest.setTimeout(30_000);

let azurite: Azurite;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(async () => {
  for (const end of ends.splice(0)) {
    await end();
  }
  await azurite.stop();
});

/** A demo tenant, and the command over what was read of it. */
async function setUp(demo: Partial<DemoOptions> = {}) {
  const clock = new VirtualClock(NOW);
  const tenantId = randomUUID();
  const tenant = createDemoTenant({ tenantId, now: () => clock.now(), ...demo });
  const graph = await serveDemoTenant(tenant);
  ends.push(graph.close);
  const connection = azurite.connection;
  const environment = {
    ...{ TENANT_ID: tenantId, GRAPH_BASE_URL: graph.url, GRAPH_AUTH: 'none' },
    ...{ TABLES_CONNECTION: connection, LOG_LEVEL: 'error' },
  };
  const out: string[] = [];
  const terminal = {
    ...{ out: (text: string) => out.push(text), err: () => undefined },
    ...{ isInteractive: false, hasColour: false },
  };
  const world = { terminal, environment, clock };
  const poll = () => pollCommand({ once: true, json: true }, world);
  async function run(options: CoverageOptions = {}, code = 0): Promise<string> {
    out.length = 0;
    expect(await coverageCommand(options, world)).toBe(code);
    return out.join('');
  }
  async function status(): Promise<string> {
    out.length = 0;
    await statusCommand({}, world);
    return out.join('');
  }
  const damage = (...key: readonly string[]) =>
    TableClient.fromConnectionString(connection, 'Coverage', {
      allowInsecureConnection: true,
    }).upsertEntity({ partitionKey: tenantId, rowKey: joinKey('head', ...key), json: '{' });
  const change = (step: (feed: FeedState) => FeedState) =>
    tableStores({ connection, tenantId, createMissingTables: true }).coverage.change(
      'signIns',
      inFeed('signIns', step),
    );
  return { clock, poll, run, status, change, damage };
}

describe('crosscheck coverage', () => {
  it('says that nothing was read yet, and how to', async () => {
    const { run } = await setUp();

    expect(await run()).toBe('No log was ever read. "crosscheck poll --once" reads them now.\n');
    expect(JSON.parse(await run({ json: true }))).toEqual({
      ...{ asOf: NOW, sources: [] },
      unreadableRows: { open: [], accepted: [], others: 0 },
    });
    expect(await run({ csv: true })).toBe('source,from,to,state,why\r\n');
  });

  it('says how each log was read', async () => {
    const { poll, run } = await setUp();
    await poll();

    const text = await run();

    expect(text).toContain(
      [
        'signIns',
        '  from                  to                    how',
        '  2026-03-01 12:00 UTC  2026-03-02 08:55 UTC  hours-re-read',
        '  2026-03-02 08:55 UTC  2026-03-02 10:00 UTC  complete',
        '  2026-03-02 10:00 UTC  2026-03-02 12:00 UTC  read-once',
        '  by client app: complete to 2026-03-02 10:00 UTC',
        '  by client app: rows are late: not measured yet; complete up to 2 h ago',
        '  by error code: complete to 2026-03-02 10:00 UTC',
        '  by error code: rows are late: not measured yet; complete up to 2 h ago',
        `  ${EAS} knows it from 2026-03-01 12:00 UTC`,
      ].join('\n'),
    );
    expect(text).toMatch(/^directoryAudits\n/);
  });

  it('cuts it to a range', async () => {
    const { poll, run } = await setUp();
    await poll();

    const inside = await run({ from: '2026-03-02T09:00:00Z', to: '2026-03-02T10:30:00Z' });
    const outside = await run({ to: '2026-02-01T00:00:00+01:00' });

    expect(await run({ to: '2026-03-02' })).toContain('2026-03-02 00:00 UTC  hours-re-read');
    expect(inside).toContain('  2026-03-02 09:00 UTC  2026-03-02 10:00 UTC  complete\n');
    expect(inside).toContain('  2026-03-02 10:00 UTC  2026-03-02 10:30 UTC  read-once\n');
    expect(outside).toContain('signIns\n  nothing in this range\n');
  });

  it('prints CSV', async () => {
    const { poll, run, change } = await setUp();
    await poll();
    const doubted = { from: plus(NOW, -20 * HOUR), to: plus(NOW, -19 * HOUR) };
    await change((head) => ({
      ...head,
      byDetector: { [EAS]: revoke(head.byDetector[EAS]!, doubted, 'filter') },
    }));

    const lines = (await run({ csv: true })).split('\r\n');

    expect(lines[0]).toBe('source,from,to,state,why');
    expect(lines).toContain(
      'signIns,2026-03-01T16:00:00.0000000Z,2026-03-01T17:00:00.0000000Z,gap,filter',
    );
    expect(lines.at(-1)).toBe('');
    expect(lines.slice(1, -1).every((line) => line.split(',').length === 5)).toBe(true);
  });

  it('prints JSON', async () => {
    const { clock, poll, run } = await setUp();
    await poll();

    const report = JSON.parse(await run({ json: true })) as CoverageReport;

    expect(report.asOf).toBe(clock.now());
    expect(report.sources.map(({ source }) => source)).toEqual(['directoryAudits', 'signIns']);
    expect(report.sources[1]?.detectors).toMatchObject({
      [EAS]: { from: plus(NOW, -24 * HOUR), to: plus(NOW, -2 * HOUR), gaps: [] },
    });
  });

  it('says what stands against it', async () => {
    const { poll, run, change } = await setUp();
    await poll();
    const counts = Array.from({ length: 21 }, (_, i) => (i === 0 ? 12_000 : 0));
    await change((head) => ({
      ...head,
      lateness: { every: 1, known: {}, counts, max: 60_000 },
      byDetector: {
        [EAS]: revoke(
          head.byDetector[EAS]!,
          { from: plus(NOW, -20 * HOUR), to: plus(NOW, -19 * HOUR) },
          'unreadable',
        ),
      },
      backfill: { from: plus(NOW, -40 * HOUR), to: plus(NOW, -30 * HOUR), at: NOW },
      droppedFilter: { filter: 'f', why: 'hides-rows', at: NOW },
      failure: {
        ...{ failure: 'denied', message: 'not\u001b[31m allowed', remedy: 'Grant it.' },
        ...{ since: NOW, kindSince: NOW, lastAt: NOW, runs: 3 },
      },
    }));

    const text = (await run()).replaceAll(/\n +12:00/g, ' 12:00'); // a line that was too long

    expect(text).toContain(
      'rows are late: p50 1 min, p95 1 min, p99.9 1 min, max 1 min (12,000 rows measured); ' +
        'complete up to 30 min ago',
    );
    expect(text).toMatch(
      /2026-03-01 16:00 UTC {2}2026-03-01 17:00 UTC {2}gap +it could not be read/,
    );
    expect(text).toContain('but for 2026-03-01 16:00 UTC');
    expect(text).toContain('read without a filter since 2026-03-02 12:00 UTC: it hides rows');
    expect(text).toContain(
      'backfill of 2026-02-28 20:00 UTC to 2026-03-01 06:00 UTC has come to 2026-03-02 12:00 UTC',
    );
    expect(text).toContain('cannot be read since 2026-03-02 12:00 UTC: not allowed. Grant it.');
    expect(text).not.toContain('\u001b');
  });

  it('names the one part whose row is damaged, and tells of the others as before', async () => {
    const { poll, run, status, damage } = await setUp();
    await poll();
    const other = (await status()).split('\n').find((line) => line.startsWith('  directoryAudits'));
    await damage('signIns', 'clientAppUsed');

    const text = await run({}, 1);
    const csv = await run({ csv: true }, 1);
    const report = JSON.parse(await run({ json: true }, 1)) as CoverageReport;
    const state = await status();

    expect(text).toMatch(/^ {2}signIns: by client app: cannot be told, its stored row cannot be/m);
    expect(text).toContain('  by error code: complete to 2026-03-02 10:00 UTC\n');
    expect(text).toContain('signIns\n  as a whole: cannot be told\n');
    expect(`${text}${state}`).not.toContain('never');
    expect(report.sources.map(({ unreadable }) => unreadable)).toEqual([
      undefined,
      ['by client app'],
    ]);
    expect(report.sources[1]?.feeds.map(({ name }) => name)).toEqual(['by error code']);
    expect(csv).not.toContain('signIns');
    expect(csv).toContain('directoryAudits');
    expect(state).toMatch(/^ {2}signIns: by client app +unreadable +unreadable$/m);
    expect(state).toMatch(
      /^ {2}signIns: by error code +2026-03-02 12:00 UTC +2026-03-02 10:00 UTC$/m,
    );
    expect(state.replaceAll(/ +/g, ' ')).toContain(other?.replaceAll(/ +/g, ' '));
    expect(state.replaceAll(/\s+/g, ' ')).toContain(
      'nobody is judged by it, while what is stored of by client app is damaged: the row Coverage',
    );
  });

  it('tells of all feeds when only what they have in common is damaged', async () => {
    const { poll, run, damage } = await setUp();
    await poll();
    await damage('signIns');

    const text = await run({}, 1);

    expect(text).toContain('  signIns: what its parts have in common: cannot be told');
    expect(text).toContain('  by client app: complete to 2026-03-02 10:00 UTC\n');
    expect(text).toContain('2026-03-02 08:55 UTC  2026-03-02 10:00 UTC  complete');
  });

  it('says when Graph rejects the filter', async () => {
    const { poll, run, change } = await setUp();
    await poll();
    await change((head) => ({
      ...head,
      droppedFilter: { filter: 'f', why: 'rejected', at: NOW },
    }));

    expect(await run()).toContain(
      'read without a filter since 2026-03-02 12:00 UTC: Graph rejects it',
    );
  });

  it.each<[string, CoverageOptions, RegExp]>([
    ['no time', { from: 'noon' }, /^--from takes a day like 2026-01-31 or/],
    ['a time without a zone', { to: '2026-03-02T12:00:00' }, /^--to takes a day like/],
    ['no stretch', { from: '2026-03-01', to: '2026-03-01' }, /^--to must lie after from$/],
    ['two formats', { json: true, csv: true }, /contradict each other/],
  ])('refuses %s', async (_what, options, text) => {
    const { run } = await setUp();

    await expect(run(options)).rejects.toThrow(UsageError);
    await expect(run(options)).rejects.toThrow(text);
  });
});

describe('lasting', () => {
  it.each([
    [0, '0 s'],
    [1_234, '1.2 s'],
    [59_999, '1 min'],
    [90_000, '1 min 30 s'],
    [10_918_244, '3 h 2 min'],
    [7_200_000, '2 h'],
    [3_599_900, '1 h'],
    [86_399_000, '1 d'],
    [100_000_000, '1 d 4 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(lasting(ms)).toBe(text);
  });
});
