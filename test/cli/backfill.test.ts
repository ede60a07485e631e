import { randomUUID } from 'node:crypto';
import { backfillCommand, type BackfillOptions } from '../../cli/commands/backfill';
import { createDemoTenant, type DemoOptions } from '../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import { UsageError } from '../../cli/exit';
import { pollCommand } from '../../cli/commands/poll';
import { toInstant } from '../../shared/domain/time';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { VirtualClock } from '../fakes/clock';

const NOW = toInstant('2026-03-02T12:00:00Z');
/** The past of the demo tenant holds one of each up to there. */
const [FROM, TO] = ['2026-03-01T13:00:00Z', '2026-03-02T09:00:00Z'];

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

/** A demo tenant that was first read an hour back only, and the command over it. */
async function setUp(demo: Partial<DemoOptions> = {}, isInteractive = false) {
  const clock = new VirtualClock(NOW);
  const tenantId = randomUUID();
  const tenant = createDemoTenant({ tenantId, now: () => clock.now(), ...demo });
  const graph = await serveDemoTenant(tenant);
  ends.push(graph.close);
  const environment = {
    ...{ TENANT_ID: tenantId, GRAPH_BASE_URL: graph.url, GRAPH_AUTH: 'none' },
    ...{ TABLES_CONNECTION: azurite.connection, INITIAL_LOOKBACK: '3h', LOG_LEVEL: 'error' },
  };
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    ...{ out: (text: string) => out.push(text), err: (text: string) => err.push(text) },
    ...{ isInteractive, hasColour: false },
  };
  const world = { terminal, environment, clock };
  const poll = () => pollCommand({ once: true, json: true }, world);
  /** What the command prints. */
  async function run(options: BackfillOptions) {
    out.length = 0;
    err.length = 0;
    const code = await backfillCommand(options, world);
    return { code, out: out.join(''), err: err.join('') };
  }
  return { poll, run };
}

describe('crosscheck backfill', () => {
  it('reads the range and tells what it found', async () => {
    const { poll, run } = await setUp();
    await poll();

    const { code, out, err } = await run({ from: FROM, to: TO });

    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toMatch(/^directoryAudits: \d+ rows read, \d+ looked at$/m);
    expect(out).toMatch(/^signIns: \d+ rows read, \d+ looked at$/m);
    expect(out).toContain('2 findings new or changed');
    expect(out).toContain('Authenticator added but never verified');
    expect(out).toContain('Registration started repeatedly without outcome');
  });

  it('finds nothing new the second time', async () => {
    const { poll, run } = await setUp();
    await poll();
    await run({ from: FROM, to: TO });

    const { code, out } = await run({ from: FROM, to: TO });

    expect(code).toBe(0);
    expect(out).toContain('No findings new or changed');
  });

  it('reads one log alone, and prints JSON', async () => {
    const { poll, run } = await setUp();
    await poll();

    const { out } = await run({ from: FROM, to: TO, source: 'directoryAudits', json: true });

    const { read, changed } = JSON.parse(out) as { read: object[]; changed: string[] };
    expect(read).toEqual([
      {
        source: 'directoryAudits',
        range: { from: toInstant(FROM), to: toInstant(TO) },
        from: toInstant(FROM),
        windows: 1,
        rows: expect.any(Number) as number,
        kept: expect.any(Number) as number,
        malformed: 0,
        tooOld: 0,
      },
    ]);
    expect(changed).toHaveLength(2);
    expect(changed).toEqual(
      changed.map(() => expect.stringMatching(/^[0-9a-f]{16}-[0-9a-f]{12}$/) as string),
    );
  });

  it('shows how far it has come to who watches', async () => {
    const { poll, run } = await setUp({}, true);
    await poll();

    const { err } = await run({ from: FROM, to: TO, source: 'signIns' });

    expect(err).toContain('reading signIns: 2026-03-02 09:00 UTC (100 %)\n');
  });

  it('says what stopped it, and that the same command goes on', async () => {
    const control = { isDenied: false };
    const { poll, run } = await setUp({
      intercept: () =>
        control.isDenied
          ? new Response(JSON.stringify({ error: { code: 'Forbidden', message: 'no' } }), {
              status: 403,
            })
          : undefined,
    });
    await poll();
    control.isDenied = true;

    const { code, err } = await run({ from: FROM, to: TO, source: 'signIns' });
    control.isDenied = false;
    const again = await run({ from: FROM, to: TO, source: 'signIns' });

    expect(code).toBe(1);
    expect(err).toMatch(
      /^crosscheck: signIns: .*The same command goes on where this one stopped.$/m,
    );
    expect(again.code).toBe(0);
  });

  it.each<[string, BackfillOptions, RegExp]>([
    ['no times', {}, /^backfill takes --from and --to/],
    ['no end', { from: FROM }, /^backfill takes --from and --to/],
    ['a time without a zone', { from: '2026-03-01T13:00:00', to: TO }, /^--from takes a day like/],
    ['no time', { from: FROM, to: 'noon' }, /^--to takes a day like/],
    [
      'another log',
      { from: FROM, to: TO, source: 'x' },
      /^--source takes directoryAudits or signIns/,
    ],
    ['a range that is turned', { from: TO, to: FROM }, /^--to must lie after from$/],
    [
      'what is not complete yet',
      { from: FROM, to: '2026-03-02T11:00:00Z' },
      /^directoryAudits is complete up to 2026-03-02T10:00/,
    ],
    [
      'what the log has dropped',
      { from: '2025-01-01T00:00:00Z', to: TO },
      /^directoryAudits holds nothing before .*\(LOG_RETENTION\)/,
    ],
  ])('refuses %s', async (_what, options, text) => {
    const { run } = await setUp();

    const attempt = run(options);

    await expect(attempt).rejects.toThrow(UsageError);
    await expect(run(options)).rejects.toThrow(text);
  });
});
