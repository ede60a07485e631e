import { DETECTORS } from '../../shared/detectors/index';
import { readConfig } from '../../shared/config/config';
import { ConfigError } from '../../shared/config/detectors';
import { allSettings } from '../../shared/config/settings';

const TENANT = '11111111-2222-4333-8444-555555555555';
const WORKING = { TENANT_ID: TENANT, TABLES_ENDPOINT: 'https://a.table.core.windows.net' };
const FLOW =
  'https://default0123.4f.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/1/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers&sv=1.0&sig=S3cr-et_x';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
}

describe('readConfig', () => {
  it('needs the tenant and the storage, and has defaults for the rest', () => {
    const config = readConfig(WORKING);

    expect(config).toMatchObject({
      tenantId: TENANT,
      graph: { auth: 'managed-identity', requestsPer10Seconds: 5 },
      tables: { endpoint: 'https://a.table.core.windows.net' },
      initialLookback: 24 * 3_600_000,
      digestAbove: 10,
      logLevel: 'info',
    });
    expect(config.graph.baseUrl.origin).toBe('https://graph.microsoft.com');
    expect(config.teamsWebhook).toBeUndefined();
    expect(config.detectors.map(({ detector }) => detector)).toEqual(
      DETECTORS.filter(({ runs }) => runs === 'always'),
    );
  });

  it('keeps the address of the workflow byte for byte', () => {
    expect(readConfig({ ...WORKING, TEAMS_WEBHOOK_URL: FLOW }).teamsWebhook?.search).toBe(
      '?api-version=1&sp=%2Ftriggers&sv=1.0&sig=S3cr-et_x',
    );
  });

  it('treats an empty setting as one that is not set', () => {
    expect(readConfig({ ...WORKING, LOG_LEVEL: '', DIGEST_ABOVE: ' ' }).digestAbove).toBe(10);
  });

  it('reports every problem at once, by name', () => {
    const problems = problemsOf({
      GRAPH_BASE_URL: 'http://graph.example.com',
      GRAPH_AUTH: 'password',
      DIGEST_ABOVE: 'many',
      INITIAL_LOOKBACK: 'a day',
      DETECTOR_EAS_SUCCESS_DESPITE_CA_FAILURE_QUIET: 'x',
    });

    expect(problems).toEqual([
      expect.stringMatching(/^TENANT_ID is missing/),
      expect.stringMatching(/^GRAPH_BASE_URL must begin with https/),
      expect.stringMatching(/^GRAPH_AUTH takes one of/),
      expect.stringMatching(/^TABLES_ENDPOINT and TABLES_CONNECTION are both missing/),
      expect.stringMatching(/^DIGEST_ABOVE takes a whole number/),
      expect.stringMatching(/^INITIAL_LOOKBACK: /),
      expect.stringMatching(/^DETECTOR_EAS_SUCCESS_DESPITE_CA_FAILURE_QUIET takes a duration/),
    ]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['a tenant that is no GUID', { TENANT_ID: 'contoso' }, /TENANT_ID is not a GUID/],
    ['no sign-in for the real Graph', { GRAPH_AUTH: 'none' }, /GRAPH_AUTH is none.*loopback/],
    [
      'a Graph address with a path',
      { GRAPH_BASE_URL: 'https://graph.microsoft.com/v1.0' },
      /without path/,
    ],
    [
      'a Graph address that is none',
      { GRAPH_BASE_URL: 'graph' },
      /GRAPH_BASE_URL is not an address/,
    ],
    ['both kinds of storage', { TABLES_CONNECTION: 'UseDevelopmentStorage=true' }, /contradict/],
    ['storage without https', { TABLES_ENDPOINT: 'http://a' }, /TABLES_ENDPOINT is not an https/],
    [
      'a retired connector',
      { TEAMS_WEBHOOK_URL: 'https://x.webhook.office.com/webhookb2/1' },
      /retired/,
    ],
    [
      'a webhook elsewhere',
      { TEAMS_WEBHOOK_URL: 'https://example.com/?sig=abc' },
      /TEAMS_WEBHOOK_URL/,
    ],
    [
      'a webhook on this machine',
      { TEAMS_WEBHOOK_URL: 'http://127.0.0.1:1/' },
      /TEAMS_WEBHOOK_URL/,
    ],
    [
      'an unresolved reference',
      { TEAMS_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=x)' },
      /was not resolved/,
    ],
  ])('refuses %s', (_what, environment, sentence) => {
    const problems = problemsOf({ ...WORKING, ...environment });

    expect(problems).toEqual([expect.stringMatching(sentence)]);
    expect(problems.join()).not.toContain('sig=');
  });

  it('allows http and a local webhook when everything is on this machine', () => {
    const config = readConfig({
      TENANT_ID: TENANT,
      GRAPH_AUTH: 'none',
      GRAPH_BASE_URL: 'http://127.0.0.1:8080',
      TABLES_CONNECTION: 'UseDevelopmentStorage=true',
      TEAMS_WEBHOOK_URL: 'http://127.0.0.1:8081/webhook',
    });

    expect(config.teamsWebhook?.port).toBe('8081');
  });
});

describe('the list of settings', () => {
  it('names each once and says what it takes', () => {
    const names = allSettings().map((each) => each.name);

    expect(new Set(names).size).toBe(names.length);
    expect(allSettings().every((each) => each.takes !== '' && each.meaning.endsWith('.'))).toBe(
      true,
    );
  });

  it.each([
    [{ RETENTION_DAYS: '29' }, /RETENTION_DAYS takes a whole number from 30 to 36500, not "29"/],
    [{ SEAL_CONTAINER: 'seals' }, /SEAL_CONTAINER must be the address of a container/],
    [{ SEAL_CONTAINER: 'http://a.blob.core.windows.net/xxx' }, /must be the address/],
    [{ SEAL_CONTAINER: 'https://a.blob.core.windows.net/seals?sig=x' }, /without port and query/],
    [{ SEAL_CONTAINER: 'https://a.blob.core.windows.net:8443/seals' }, /without port and query/],
    [{ SEAL_CONTAINER: 'https://evil.example/seals' }, /sends its token nowhere else/],
    [{ SEAL_CONTAINER: 'https://169.254.169.254/metadata' }, /nowhere else/],
    [{ SEAL_CONTAINER: 'https://a.b.blob.core.windows.net/seals' }, /nowhere else/],
    [{ SEAL_CONTAINER: 'https://evilblob.core.windows.net/seals' }, /nowhere else/],
    [{ SEAL_CONTAINER: 'https://a.blob.core.windows.net.evil.example/seals' }, /nowhere else/],
    [{ SEAL_CONTAINER: 'http://localhost:9/seals' }, /takes a SAS in the query/],
    [{ SEAL_CONTAINER: 'ftp://localhost/seals?sig=x' }, /takes a SAS in the query/],
    [{ SEAL_CONTAINER: 'https://a.blob.core.windows.net/' }, /SEAL_CONTAINER names no container/],
  ])('refuses %j', (environment, message) => {
    expect(() => readConfig({ ...WORKING, ...environment })).toThrow(message);
  });

  it('knows how long to keep and where to copy', () => {
    const container = 'https://account.blob.core.windows.net/seals';
    const config = readConfig({ ...WORKING, SEAL_CONTAINER: container });

    expect(config.retention).toBe(400 * 86_400_000);
    expect(config.sealContainer?.href).toBe(container);
    expect(readConfig(WORKING).sealContainer).toBeUndefined();
  });
});
