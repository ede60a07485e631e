import { randomUUID } from 'node:crypto';
import { pollCommand } from '../../cli/commands/poll';
import { readinessCommand, type ReadinessOptions } from '../../cli/commands/readiness';
import { odataError } from '../../cli/demo-tenant/audit-log-api';
import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { DEMO_GROUP } from '../../cli/demo-tenant/directory-api';
import { serveDemoTenant } from '../../cli/demo-tenant/serve';
import { toInstant } from '../../shared/domain/time';
import type { Readiness } from '../../shared/pipeline/queries/readiness';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { VirtualClock } from '../fakes/clock';

jest.setTimeout(60_000);

const NOBODY = '11111111-0000-4000-8000-0000000000ff';
const tenantId = randomUUID();
const clock = new VirtualClock(toInstant('2026-03-02T12:00:00Z'));
const said: { out: string[]; err: string[] } = { out: [], err: [] };
let isRefused = false;
let azurite: Azurite;
let close: () => Promise<void>;
let environment: Record<string, string>;
beforeAll(async () => {
  azurite = await startAzurite();
  const graph = await serveDemoTenant(
    createDemoTenant({
      ...{ tenantId, now: () => clock.now() },
      intercept: ({ url }) =>
        isRefused && url.includes('userRegistrationDetails')
          ? odataError(403, 'Authorization_RequestDenied', 'Insufficient privileges.')
          : undefined,
    }),
  );
  close = graph.close;
  environment = {
    ...{ TENANT_ID: tenantId, GRAPH_BASE_URL: graph.url, GRAPH_AUTH: 'none' },
    ...{ TABLES_CONNECTION: azurite.connection, LOG_LEVEL: 'error' },
  };
  await pollCommand({ once: true, json: true }, world());
}, 60_000);
afterAll(async () => {
  await close();
  await azurite.stop();
});

function world() {
  const terminal = {
    ...{ out: (text: string) => said.out.push(text), err: (text: string) => said.err.push(text) },
    ...{ isInteractive: false, hasColour: false },
  };
  return { terminal, environment, clock };
}

async function run(options: ReadinessOptions = {}, code = 0): Promise<string> {
  said.out.length = 0;
  said.err.length = 0;
  expect(await readinessCommand(options, world())).toBe(code);
  return said.out.join('');
}

describe('crosscheck readiness', () => {
  afterEach(() => {
    isRefused = false;
  });

  it('names who would be stopped and why, by the demo tenant', async () => {
    const text = await run();

    expect(text).toMatch(
      /^An MFA requirement would stop \d+ (person|people) \(2026-03-02 12:00 UTC\)\n/,
    );
    expect(text).toMatch(
      /^ {2}\S+@\S+ +the only method that could answer MFA was never verified +[0-9a-f-]{29}$/m,
    );
    expect(text).toContain('  Not in it:\n');
    expect(text).toContain('Reserved mail addresses are not counted');
  });

  it('says the same as JSON and as CSV', async () => {
    const report = JSON.parse(await run({ json: true })) as Readiness;
    const [head, ...rows] = (await run({ csv: true })).trim().split('\n');

    expect(report).toMatchObject({ complete: true, reservedByDomain: null });
    expect(report.counts.blocked).toBe(report.people.length);
    expect(head).toBe('"id","name","reasons","finding"');
    expect(rows).toHaveLength(report.people.length);
  });

  it('looks at one group', async () => {
    const all = JSON.parse(await run({ json: true })) as Readiness;
    const members = JSON.parse(await run({ json: true, group: DEMO_GROUP })) as Readiness;

    expect(members.people).toEqual(all.people);
    await expect(run({ group: NOBODY })).rejects.toThrow(`there is no group ${NOBODY}`);
    await expect(run({ group: 'Finance' })).rejects.toThrow(
      '--group takes the object id of a group, as Entra shows it',
    );
    await expect(run({ json: true, csv: true })).rejects.toThrow('contradict each other');
  });

  it('says what it could not read, and ends with 1', async () => {
    isRefused = true;

    const report = JSON.parse(await run({ json: true }, 1)) as Readiness;

    expect(report.counts).toMatchObject({ blocked: 0, unknown: report.people.length });
    expect(said.err.join('').replaceAll('\n', ' ')).toContain(
      'The methods that Microsoft Entra lists could not be read: Graph answered 403',
    );
    expect(await run({}, 1)).toContain('one method was never verified, and others are not known');
  });
});
