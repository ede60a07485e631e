import { randomUUID } from 'node:crypto';
import { createDemoTenant, type DemoOptions } from '../../../cli/demo-tenant/demo-tenant';
import { serveDemoTenant } from '../../../cli/demo-tenant/serve';
import { doctorCommand, type DoctorOptions, type DoctorWorld } from '../../../cli/commands/doctor';
import type { RunAz } from '../../../cli/doctor/azure';
import { GROUPS } from '../../../cli/doctor/check';
import { UsageError } from '../../../cli/exit';
import { startInbox, type Inbox } from '../../../cli/local-host/inbox';
import { pollCommand } from '../../../cli/commands/poll';
import { HTTP_FUNCTIONS } from '../../../shared/api/routes';
import { systemClock } from '../../../shared/adapters/system-clock';
import { tableStores } from '../../../shared/adapters/tables/table-stores';
import { RUNS } from '../../../shared/config/functions';
import { revoke } from '../../../shared/domain/reading/coverage';
import type { FeedState } from '../../../shared/domain/reading/journal';
import { HOUR, MINUTE, plus } from '../../../shared/domain/time';
import { odataError } from '../../../cli/demo-tenant/audit-log-api';
import { version } from '../../../package.json';
import { SourceError } from '../../../shared/pipeline/ports/record-source';
import { finding, opening, timeline, unreadableRow } from '../../contracts/samples';
import { freePort, startAzurite, type Azurite } from '../../fakes/azurite';
import { denyingTables } from '../../fakes/denying-tables';
import { GRANTED, guarded, tokenOf, unlicensed } from '../../fakes/guarded-tenant';
import { putAlert } from '../../fakes/put-alert';
import { afterTrouble, inFeed } from '../../fakes/cover';

const EAS = 'eas-success-despite-ca-failure';
const MFA = 'mfa-registration-unfinished';
const BOOTSTRAP = 'bootstrap-not-finished';
const MIGRATION = 'group-migration-leftover';
const STARTS = 'registration-without-outcome';
const PROMPTS = 'security-info-prompt-loop';
const LOCKOUT = 'smart-lockout-overshoot';
const SECRET_URL =
  'https://prod-1.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?sig=s3cret';

jest.setTimeout(60_000);

interface Line {
  readonly group: string;
  readonly id: string;
  readonly state: string;
  readonly says: string;
  readonly remedy: string | null;
  readonly costs: readonly string[];
}
interface Report {
  readonly version: string;
  readonly state: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly checks: readonly Line[];
}

let azurite: Azurite;
let inbox: Inbox;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  azurite = await startAzurite();
  inbox = await startInbox({ clock: systemClock });
});
afterEach(async () => {
  for (const end of ends.splice(0)) {
    await end();
  }
});
afterAll(async () => {
  await inbox.close();
  await azurite.stop();
});

/** A demo tenant that looks at tokens, and the doctor over it. */
async function setUp(
  over: {
    readonly demo?: Partial<DemoOptions>;
    readonly roles?: readonly string[];
    readonly world?: Partial<DoctorWorld>;
    readonly environment?: Readonly<Record<string, string>>;
    readonly claims?: Readonly<Record<string, unknown>>;
  } = {},
) {
  const tenantId = randomUUID();
  const tenant = createDemoTenant({ tenantId, now: () => systemClock.now(), ...over.demo });
  const graph = await serveDemoTenant(guarded(tenant));
  ends.push(graph.close);
  const token = tokenOf(tenantId, over.roles ?? GRANTED, over.claims);
  const environment = {
    ...{ TENANT_ID: tenantId, GRAPH_BASE_URL: graph.url, GRAPH_AUTH: 'none' },
    ...{ TABLES_CONNECTION: azurite.connection, TEAMS_WEBHOOK_URL: inbox.webhookUrl },
    ...{ LOG_LEVEL: 'error', ...over.environment },
  };
  const out: string[] = [];
  const err: string[] = [];
  const world: DoctorWorld = {
    terminal: {
      ...{ out: (text) => out.push(text), err: (text) => err.push(text) },
      ...{ isInteractive: true, hasColour: false },
    },
    ...{ environment, clock: systemClock, getToken: () => Promise.resolve(token) },
    ...over.world,
  };
  const run = async (options: DoctorOptions = {}): Promise<{ code: number; text: string }> => {
    out.length = 0;
    const code = await doctorCommand(options, world);
    const text = out.join('');
    expect(text + err.join('')).not.toContain(token);
    return { code, text };
  };
  const report = async (options: DoctorOptions = {}): Promise<Report & { code: number }> => {
    const { code, text } = await run({ json: true, ...options });
    return { ...(JSON.parse(text) as Report), code };
  };
  const stores = tableStores({
    ...{ connection: azurite.connection, tenantId, createMissingTables: true },
  });
  /** Reads the logs as the functions do. */
  const poll = async (): Promise<void> => {
    const open = await serveDemoTenant(tenant);
    ends.push(open.close);
    const silent = { ...world.terminal, out: () => undefined, isInteractive: false };
    const from = { ...environment, GRAPH_BASE_URL: open.url };
    await pollCommand({ once: true }, { terminal: silent, environment: from, clock: systemClock });
  };
  return { tenantId, environment, run, report, stores, poll, err, token };
}

const of = ({ checks }: Report, id: string): Line => {
  const found = checks.filter((each) => each.id === id);
  expect(found.map((each) => each.id)).toEqual([id]);
  return found[0]!;
};
const failing = ({ checks }: Report): readonly string[] =>
  checks.filter(({ state }) => state === 'fail').map(({ id }) => id);

describe('crosscheck doctor', () => {
  it('finds nothing to fix where all is granted and the logs are read', async () => {
    const { run, report, poll, stores, tenantId, err } = await setUp();
    await poll();
    const { gap: _none, ...row } = unreadableRow('x', { firstSeenAt: systemClock.now() });
    await stores.quarantine.add([row]);
    const before = inbox.messages().length;

    const told = await run();
    const found = await report();

    expect(failing(found)).toEqual([]);
    expect([told.code, found.code, found.counts['fail']]).toEqual([0, 0, 0]);
    expect(told.text).toContain('Sign-in to Microsoft Graph, and what is granted\n');
    expect(told.text).toContain('  ok    AuditLog.Read.All is granted: reads the audit log');
    expect(told.text).toContain('  ok    Policy.Read.All is granted');
    expect(told.text).toContain('  ok    the tenant has Entra ID P1 or P2');
    expect(told.text).toContain('  ok    table Findings can be read and written\n');
    expect(told.text).toContain('host 127.0.0.1, sha256 ');
    expect(told.text).not.toContain(inbox.webhookUrl);
    expect(told.text).toContain(tenantId);
    expect(told.text).toMatch(/\d+ of \d+ checks are ok, \d+ warnings?, 0 failed\n$/);
    expect(err.join('')).toContain('looking at storage ...\n');
    expect(inbox.messages()).toHaveLength(before);
  });

  it('prints JSON of one shape', async () => {
    const found = await (await setUp()).report();

    expect(Object.keys(found).filter((each) => each !== 'code')).toEqual([
      ...['asOf', 'version', 'state', 'counts', 'checks'],
    ]);
    expect(found.version).toBe(version);
    expect(Object.keys(found.counts)).toEqual(['ok', 'warn', 'fail']);
    for (const check of found.checks) {
      expect(Object.keys(check)).toEqual(['group', 'id', 'state', 'says', 'remedy', 'costs']);
      expect(Object.keys(GROUPS)).toContain(check.group);
      expect(['ok', 'warn', 'fail']).toContain(check.state);
    }
  });

  it('leaves no row and no table behind', async () => {
    const own = await startAzurite();
    ends.push(() => own.stop());
    const { report } = await setUp({
      environment: { TABLES_CONNECTION: own.connection },
    });

    const missing = await report();

    expect(of(missing, 'table-Findings')).toMatchObject({
      state: 'warn',
      says: 'table Findings is not there yet; the first write makes it',
    });
    const { Account } = await import('../../../shared/adapters/tables/account');
    const account = new Account({ connection: own.connection });
    expect(await tablesIn(own)).toEqual([]);

    await account.client('Findings').createTable();
    const found = await report();
    expect(of(found, 'table-Findings').state).toBe('ok');
    expect(await tablesIn(own)).toEqual(['Findings']);
    for await (const row of account.client('Findings').listEntities()) {
      expect(row).toBeUndefined();
    }
  });
});

describe('crosscheck doctor, one permission removed', () => {
  const without = (name: string): readonly string[] => GRANTED.filter((each) => each !== name);

  it('AuditLog.Read.All: nothing is read, which costs every detector', async () => {
    const { report } = await setUp({ roles: without('AuditLog.Read.All') });

    const found = await report();

    expect(found.code).toBe(1);
    expect(of(found, 'AuditLog.Read.All')).toMatchObject({
      state: 'fail',
      says: 'AuditLog.Read.All is missing, which reads the audit log and the sign-in log; nothing is read, so nothing is found',
      costs: [BOOTSTRAP, EAS, MIGRATION, MFA, STARTS, PROMPTS, LOCKOUT],
    });
    expect(of(found, 'AuditLog.Read.All').remedy).toContain('infra/directory.sh');
    expect(of(found, 'directoryAudits')).toMatchObject({
      ...{ state: 'fail', costs: [BOOTSTRAP, MIGRATION, MFA, STARTS, PROMPTS, LOCKOUT] },
      remedy:
        'Grant AuditLog.Read.All to the app and consent as an administrator (infra/directory.sh).',
    });
    expect(of(found, 'signIns').costs).toEqual([EAS, MFA, PROMPTS, LOCKOUT]);
    expect(of(found, 'licence').state).toBe('warn');
  });

  it('Directory.Read.All: the sign-in log answers as if there were no licence', async () => {
    const { report } = await setUp({ roles: without('Directory.Read.All') });

    const found = await report();

    expect(found.code).toBe(1);
    expect(of(found, 'Directory.Read.All')).toMatchObject({
      state: 'warn',
      costs: [EAS, MFA, PROMPTS, LOCKOUT],
    });
    expect(of(found, 'Directory.Read.All').says).toContain('as if the tenant had no licence');
    expect(of(found, 'directoryAudits').state).toBe('ok');
    expect(of(found, 'signIns')).toMatchObject({
      state: 'fail',
      costs: [EAS, MFA, PROMPTS, LOCKOUT],
    });
    expect(of(found, 'signIns').remedy).toMatch(/^Grant Directory\.Read\.All first/);
    expect(of(found, 'licence').state).toBe('fail');
  });

  it('Policy.Read.All: findings stay, and cannot name the policy', async () => {
    const { report } = await setUp({ roles: without('Policy.Read.All') });

    const found = await report();

    expect(failing(found).filter((id) => !id.startsWith('poll-'))).toEqual([]);
    for (const id of ['Policy.Read.All', 'policies']) {
      expect(of(found, id)).toMatchObject({ state: 'warn', costs: [EAS] });
      expect(of(found, id).says).toContain('cannot name the policy that failed');
      expect(of(found, id).says).toContain('severity is then "medium, policies not readable"');
    }
  });

  it('takes the narrower one for it', async () => {
    const { report } = await setUp({
      roles: [...without('Policy.Read.All'), 'Policy.Read.ConditionalAccess'],
    });

    const found = await report();

    expect(of(found, 'Policy.Read.All').says).toContain('(by Policy.Read.ConditionalAccess)');
    expect(of(found, 'policies').state).toBe('ok');
  });

  it('costs nothing when no detector that is on needs it', async () => {
    const { report } = await setUp({
      roles: ['AuditLog.Read.All'],
      environment: { DETECTOR_EAS_SUCCESS_DESPITE_CA_FAILURE_ENABLED: 'false' },
    });

    const found = await report();

    expect(of(found, 'Policy.Read.All')).toMatchObject({ state: 'ok', costs: [] });
    expect(of(found, 'AuditLog.Read.All').state).toBe('ok');
    expect(found.checks.some(({ id }) => id === 'policies')).toBe(false);
  });

  it('is a warning where the sign-in log only sharpens findings', async () => {
    const { report } = await setUp({
      roles: ['AuditLog.Read.All'],
      environment: {
        DETECTOR_EAS_SUCCESS_DESPITE_CA_FAILURE_ENABLED: 'false',
        DETECTOR_SECURITY_INFO_PROMPT_LOOP_ENABLED: 'false',
        DETECTOR_SMART_LOCKOUT_OVERSHOOT_ENABLED: 'false',
      },
    });

    const found = await report();

    expect(of(found, 'Directory.Read.All')).toMatchObject({ state: 'warn', costs: [MFA] });
    expect(of(found, 'signIns')).toMatchObject({ state: 'warn', costs: [MFA] });
    expect(of(found, 'signIns').says).toContain('which only sharpens findings: ');
    expect(of(found, 'licence')).toMatchObject({ state: 'warn', costs: [MFA] });
  });

  it('asks nothing of the sign-in log when no detector that is on reads it', async () => {
    const { report } = await setUp({
      environment: {
        DETECTOR_EAS_SUCCESS_DESPITE_CA_FAILURE_ENABLED: 'false',
        DETECTOR_MFA_REGISTRATION_UNFINISHED_ENABLED: 'false',
        DETECTOR_SECURITY_INFO_PROMPT_LOOP_ENABLED: 'false',
        DETECTOR_SMART_LOCKOUT_OVERSHOOT_ENABLED: 'false',
      },
    });

    const found = await report();

    expect(found.checks.some(({ id }) => ['signIns', 'policies', 'licence'].includes(id))).toBe(
      false,
    );
  });
});

describe('crosscheck doctor, what Graph answers', () => {
  it.each([
    [
      'no licence',
      () => unlicensed(),
      { state: 'fail', costs: [EAS, MFA, PROMPTS, LOCKOUT] },
      /^Assign Entra ID P1 or P2/,
    ],
    [
      'no role of the person',
      () => odataError(403, 'Authorization_RequestDenied', "User isn't in the allowed roles"),
      { state: 'fail', costs: [EAS, MFA, PROMPTS, LOCKOUT] },
      /a person needs a role like Reports Reader/,
    ],
    [
      'tenant unknown',
      () => odataError(404, 'TenantNotFound', 'The tenant is unknown'),
      { state: 'fail', costs: [EAS, MFA, PROMPTS, LOCKOUT] },
      /^Check TENANT_ID\.$/,
    ],
    [
      'signed out',
      () => odataError(401, 'InvalidAuthenticationToken', 'expired'),
      { state: 'fail', costs: [EAS, MFA, PROMPTS, LOCKOUT] },
      /az login/,
    ],
    [
      'too many requests',
      () => odataError(429, 'TooManyRequests', 'slow down'),
      { state: 'warn', costs: [EAS, MFA, PROMPTS, LOCKOUT] },
      /^Nothing/,
    ],
  ])('%s', async (_what, answer, expected, remedy) => {
    const { report } = await setUp({
      demo: {
        intercept: ({ url }) => (url.includes('/signIns') ? answer() : undefined),
      },
    });

    const found = await report();

    expect(of(found, 'signIns')).toMatchObject(expected);
    expect(of(found, 'signIns').remedy).toMatch(remedy);
    expect(of(found, 'directoryAudits').state).toBe('ok');
  });

  it('nothing, because nothing is there', async () => {
    const { report } = await setUp({
      environment: { GRAPH_BASE_URL: `http://127.0.0.1:${await freePort()}` },
    });

    const found = await report();

    expect(of(found, 'signIns').says).toContain('Graph cannot be reached (ECONNREFUSED)');
    expect(of(found, 'clock').state).toBe('warn');
    expect(of(found, 'table-Findings').state).toBe('ok');
  });

  it('something that is not Graph', async () => {
    const { report } = await setUp({
      demo: { intercept: () => Response.json({ hello: 'world' }) },
    });

    expect(of(await report(), 'signIns').remedy).toContain('Check GRAPH_BASE_URL');
  });
});

describe('crosscheck doctor, the token', () => {
  it('is not to be had', async () => {
    const { report } = await setUp({
      world: {
        getToken: () => Promise.reject(new Error('CredentialUnavailableError: Bearer abc.def')),
      },
    });

    const found = await report();

    expect(of(found, 'token')).toMatchObject({
      state: 'fail',
      costs: [BOOTSTRAP, EAS, MIGRATION, MFA, STARTS, PROMPTS, LOCKOUT],
    });
    expect(of(found, 'token').says).not.toContain('abc.def');
    expect(of(found, 'signIns').says).not.toContain('abc.def');
    expect(of(found, 'table-Work').state).toBe('ok');
  });

  it('is not to be had, and the logs say so, too', async () => {
    const missing = new SourceError('signed-out', 'no token could be had', 'Run "az login".');
    const { report } = await setUp({ world: { getToken: () => Promise.reject(missing) } });

    const found = await report();

    expect(of(found, 'token')).toMatchObject({ says: missing.message, remedy: missing.remedy });
    expect(of(found, 'signIns')).toMatchObject({
      ...{ says: 'the sign-in log cannot be read: no token could be had', remedy: missing.remedy },
    });
  });

  it('is of another tenant', async () => {
    const other = randomUUID();
    const { report } = await setUp({ claims: { tid: other } });

    const found = await report();

    expect(of(found, 'token').says).toContain(`the token is of tenant ${other}`);
    expect(of(found, 'signIns').says).toContain('401');
  });

  it('is of a person, who sees less or more than the app', async () => {
    const { report } = await setUp({
      roles: [],
      claims: { scp: 'AuditLog.Read.All Directory.AccessAsUser.All', roles: undefined },
    });

    const found = await report();

    expect(of(found, 'token').says).toContain('it is yours');
    expect(of(found, 'Directory.Read.All').says).toContain('(by Directory.AccessAsUser.All)');
    expect(of(found, 'Policy.Read.All').remedy).toContain('--resource-group and --app');
  });

  it('cannot be looked into', async () => {
    const { report } = await setUp({ world: { getToken: () => Promise.resolve('opaque') } });

    expect(of(await report(), 'token').state).toBe('warn');
  });

  it('is not wanted by a made-up tenant', async () => {
    const tenant = createDemoTenant({ tenantId: randomUUID(), now: () => systemClock.now() });
    const graph = await serveDemoTenant(tenant);
    ends.push(graph.close);
    const { environment, err } = await setUp();
    const out: string[] = [];
    const terminal = {
      out: (text: string) => out.push(text),
      err: (text: string) => err.push(text),
    };

    await doctorCommand(
      { json: true },
      {
        terminal: { ...terminal, isInteractive: false, hasColour: false },
        environment: { ...environment, GRAPH_BASE_URL: graph.url },
        clock: systemClock,
      },
    );

    const found = JSON.parse(out.join('')) as Report;
    expect(of(found, 'token').says).toContain('nobody signs in');
    expect(of(found, 'policies').state).toBe('ok');
  });
});

describe('crosscheck doctor, settings', () => {
  it('names an unresolved Key Vault reference, and goes on with the rest', async () => {
    const { report } = await setUp({
      environment: { TEAMS_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=https://v/secrets/x)' },
    });

    const found = await report();

    expect(found.code).toBe(2);
    expect(of(found, 'TEAMS_WEBHOOK_URL')).toMatchObject({
      ...{ group: 'settings', state: 'fail' },
      says: 'TEAMS_WEBHOOK_URL is a Key Vault reference that was not resolved',
    });
    expect(of(found, 'TEAMS_WEBHOOK_URL').remedy).toContain('Key Vault Secrets User');
    expect(of(found, 'webhook').says).toBe('not looked at: TEAMS_WEBHOOK_URL cannot be used');
    expect(of(found, 'signIns').state).toBe('ok');
    expect(of(found, 'table-Findings').state).toBe('ok');
  });

  it('refuses a webhook of a retired kind, with help and without the URL', async () => {
    const url = 'https://contoso.webhook.office.com/webhookb2/a@b/IncomingWebhook/s3cret';
    const { run } = await setUp({ environment: { TEAMS_WEBHOOK_URL: url } });

    const { code, text } = await run();

    const plain = text.replace(/\s+/g, ' ');
    expect(code).toBe(2);
    expect(plain).toContain('belongs to an Office 365 connector, which was retired');
    expect(plain).toContain('create a Workflow');
    expect(plain).not.toContain('s3cret');
  });

  it('names all problems together', async () => {
    const { report } = await setUp({
      environment: { DIGEST_ABOVE: 'ten', INITIAL_LOOKBACK: '1h', DETECTOR_NOBODY: 'x' },
    });

    const found = await report();

    expect(failing(found).filter((id) => !id.startsWith('poll-'))).toEqual([
      ...['DIGEST_ABOVE', 'INITIAL_LOOKBACK', 'DETECTOR_NOBODY'],
    ]);
    expect(found.code).toBe(2);
  });

  it.each([
    ['TENANT_ID', 'nobody', ['token', 'logs', 'tables', 'seals', 'watch']],
    ['GRAPH_BASE_URL', 'http://example.com', ['token', 'logs']],
    ['TABLES_ENDPOINT', 'https://a.table.core.windows.net', ['tables', 'watch']],
    ['SEAL_CONTAINER', 'ftp://x', ['seals']],
  ])('does not look at what %s is needed for', async (name, value, skipped) => {
    const onAzure = { GRAPH_AUTH: 'azure-cli', AZURE_FUNCTIONS_ENVIRONMENT: 'Development' };
    const { report } = await setUp({ environment: { ...onAzure, [name]: value } });

    const found = await report();

    expect(of(found, name).state).toBe('fail');
    const notLooked = found.checks.filter(({ says }) => says.startsWith('not looked at'));
    expect(notLooked.map(({ id }) => id)).toEqual(skipped);
  });
});

describe('crosscheck doctor, storage', () => {
  it('names the role when rows may not be written', async () => {
    const proxy = await denyingTables(azurite, ({ method }) => method !== 'GET');
    ends.push(() => proxy.stop());
    const { report } = await setUp({ environment: { TABLES_CONNECTION: proxy.connection } });

    const found = await report();

    expect(of(found, 'table-Findings').state).toBe('fail');
    expect(of(found, 'table-Findings').says).toContain('(AuthorizationPermissionMismatch)');
    expect(of(found, 'table-Findings').remedy).toContain(
      'the role "Storage Table Data Contributor"',
    );
    expect(of(found, 'table-Findings').says).toContain('could not write to table Findings');
    expect(found.code).toBe(1);
  });

  it('names it when nothing may be read', async () => {
    const proxy = await denyingTables(azurite, () => true);
    ends.push(() => proxy.stop());
    const { report } = await setUp({ environment: { TABLES_CONNECTION: proxy.connection } });

    const found = await report();

    expect(of(found, 'table-Work').says).toContain('could not read from table Work');
    expect(of(found, 'watch').remedy).toContain('Storage Table Data Contributor');
    expect(of(found, 'signIns').state).toBe('ok');
  });
});

describe('crosscheck doctor, clock and watch', () => {
  it.each([
    [10 * MINUTE, 'fail', /10 min.* ahead of|60\d s ahead of|599 s ahead of/],
    [-10 * MINUTE, 'fail', /behind/],
    [MINUTE, 'ok', /agrees/],
  ])('says when the clock is %d ms off', async (ms, state, text) => {
    const { report } = await setUp({
      world: { clock: { ...systemClock, now: () => plus(systemClock.now(), ms) } },
    });

    const clock = of(await report(), 'clock');

    expect(clock.state).toBe(state);
    expect(clock.says).toMatch(text);
  });

  it('says that a log was never read', async () => {
    const found = await (await setUp()).report();

    expect(of(found, 'poll-signIns')).toMatchObject({
      ...{ state: 'fail', costs: [EAS, PROMPTS, LOCKOUT], says: 'signIns was never read' },
      remedy: 'Look at the log of the poll functions.',
    });
  });

  it('says what stands against the watch', async () => {
    const { report, poll, stores } = await setUp();
    await poll();
    const now = systemClock.now();
    const doubted = { from: plus(now, -20 * HOUR), to: plus(now, -19 * HOUR) };
    const filtered = (feed: FeedState): FeedState => ({
      ...feed,
      byDetector: { [EAS]: revoke(feed.byDetector[EAS]!, doubted, 'unreadable') },
      droppedFilter: { filter: 'f', why: 'rejected', at: now },
    });
    await stores.coverage.change('signIns', inFeed('signIns', filtered));
    const denied = { failure: 'denied', message: 'Graph answered 403', remedy: 'Grant it.' };
    await stores.coverage.change(
      'directoryAudits',
      inFeed('directoryAudits', (feed) => afterTrouble(feed, denied, now)),
    );
    const change = opening(finding(timeline('Mary').id, 'dead'));
    await stores.findings.commit(change, undefined);
    await putAlert(stores.outbox, change.alert.id, 'dead');

    const found = await report();

    expect(of(found, 'poll-signIns').says).toMatch(/^signIns was last read at .*, complete to /);
    expect(of(found, 'coverage-signIns').says).toMatch(/^signIns has gaps/);
    expect(of(found, 'poll-directoryAudits')).toMatchObject({
      state: 'fail',
      costs: [BOOTSTRAP, MIGRATION, MFA, STARTS, PROMPTS, LOCKOUT],
    });
    expect(of(found, 'poll-directoryAudits').remedy).toContain('Grant it.');
    expect(of(found, 'note-1').says).toContain('without a filter');
    expect(of(found, 'alerts').says).toMatch(/^1 alerts? could not be delivered/);
  });
});

describe('crosscheck doctor, the app as Azure has it', () => {
  const NAMES = { resourceGroup: 'rg-crosscheck-prod', app: 'func-crosscheck' };
  const ROLES = GRANTED.map((value, i) => ({ id: `role-${i}`, value }));
  const FUNCTIONS = [...Object.keys(RUNS), ...HTTP_FUNCTIONS];
  const TABLE_ROLE = {
    roleDefinitionName: 'Storage Table Data Contributor',
    scope: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/stdata1',
  };
  const az =
    (
      over: {
        functions?: readonly string[];
        granted?: number;
        principal?: boolean;
        assigned?: readonly object[];
      } = {},
    ): RunAz =>
    (args) => {
      const line = args.join(' ');
      const answer = line.startsWith('functionapp function list')
        ? (over.functions ?? FUNCTIONS).map((name) => ({ name: `app/${name}` }))
        : line.startsWith('functionapp identity show')
          ? over.principal === false
            ? null
            : { userAssignedIdentities: { id: { principalId: randomUUID() } } }
          : line.startsWith('ad sp show')
            ? { appRoles: ROLES }
            : line.startsWith('role assignment list')
              ? (over.assigned ?? [TABLE_ROLE])
              : { value: ROLES.slice(0, over.granted ?? 3).map(({ id }) => ({ appRoleId: id })) };
      return Promise.resolve(JSON.stringify(answer));
    };

  it('has all functions, and an identity that is granted everything', async () => {
    const { report } = await setUp({ world: { az: az() } });

    const found = await report(NAMES);

    expect(of(found, 'functions').says).toBe('the app has all 19 functions');
    expect(of(found, 'identity-Policy.Read.All').state).toBe('ok');
  });

  it('lacks what its identity is not granted', async () => {
    const { report } = await setUp({ world: { az: az({ granted: 2 }) } });

    const found = await report(NAMES);

    expect(of(found, 'identity-Policy.Read.All')).toMatchObject({ state: 'warn', costs: [EAS] });
  });

  it('lacks the role on the account that is meant', async () => {
    const environment = {
      ...{ TABLES_CONNECTION: '', TABLES_ENDPOINT: 'https://stdata2.table.core.windows.net' },
      ...{ GRAPH_AUTH: 'azure-cli', AZURE_FUNCTIONS_ENVIRONMENT: 'Development' },
      SEAL_CONTAINER: 'https://stdata1.blob.core.windows.net/seals',
    };
    const BLOB_ROLE = {
      roleDefinitionName: 'Storage Blob Data Contributor',
      scope: `${TABLE_ROLE.scope}/blobServices/default/containers/seals`,
    };
    const { report } = await setUp({
      ...{ environment, world: { az: az({ assigned: [TABLE_ROLE, BLOB_ROLE] }) } },
    });

    const found = await report(NAMES);

    expect(of(found, 'identity-Storage Table Data Contributor')).toMatchObject({ state: 'fail' });
    expect(of(found, 'identity-Storage Blob Data Contributor')).toMatchObject({ state: 'ok' });
    expect(of(found, 'table-Work').remedy).toContain('This is about you');
  });

  it.each([
    ['no function', [], 'fail', /its bundle did not load/],
    ['few functions', ['health'], 'fail', /lacks the functions pollDirectoryAudits, pollSignIns/],
    ['others', [...FUNCTIONS, 'newer'], 'warn', /not known here: newer$/],
  ])('has %s', async (_what, functions, state, text) => {
    const { report } = await setUp({ world: { az: az({ functions, principal: false }) } });

    const found = await report(NAMES);

    expect(of(found, 'functions').state).toBe(state);
    expect(of(found, 'functions').says).toMatch(text);
    expect(of(found, 'identity').state).toBe('fail');
  });

  it.each([
    [Object.assign(new Error('spawn'), { code: 'ENOENT' }), 'not looked at: az is not installed'],
    [
      Object.assign(new Error('x'), { stderr: 'WARN\nERROR: Please run az login\n' }),
      'not looked at: ERROR: Please run az login',
    ],
  ])('cannot be asked about', async (error, says) => {
    const { report } = await setUp({ world: { az: () => Promise.reject(error) } });

    const found = await report(NAMES);

    expect(of(found, 'functions')).toMatchObject({ state: 'warn', says });
  });
});

describe('crosscheck doctor, usage', () => {
  it.each<[string, DoctorOptions]>([
    ['no address', { appUrl: 'crosscheck' }],
    ['an address without encryption', { appUrl: 'http://crosscheck.example.com' }],
    ['a password', { appUrl: 'https://me:pw@crosscheck.example.com' }],
    ['a group without an app', { resourceGroup: 'rg' }],
    ['what a shell would act on', { resourceGroup: 'rg', app: 'a & b' }],
  ])('refuses %s', async (_what, options) => {
    const { run } = await setUp();

    await expect(run(options)).rejects.toThrow(UsageError);
  });

  it('prints neither a webhook nor a token', async () => {
    const { run } = await setUp({ environment: { TEAMS_WEBHOOK_URL: SECRET_URL + '"x' } });

    const { text } = await run();

    expect(text).not.toContain('s3cret');
  });
});

async function tablesIn({ connection }: Azurite): Promise<string[]> {
  const { TableServiceClient } = await import('@azure/data-tables');
  const service = TableServiceClient.fromConnectionString(connection, {
    allowInsecureConnection: true,
  });
  const names: string[] = [];
  for await (const { name = '' } of service.listTables()) {
    names.push(name);
  }
  return names;
}
