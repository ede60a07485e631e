import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import hostJson from '../../host.json';
import { TABLES } from '../../shared/adapters/tables/stores';
import { PERMISSIONS } from '../../shared/config/permissions';
import { allSettings, SETTINGS } from '../../shared/config/settings';
import { DETECTORS } from '../../shared/detectors/index';
import { ROLES } from './policies';
import { appSettings, loadInfra } from './snapshots';

const ROOT = join(__dirname, '..', '..');
const { production } = loadInfra();
const deployed = Object.keys(appSettings(production));

/** Settings that a deployment does not need: their default is right, or parameter `settings` of main.bicep sets them. */
const OPTIONAL: readonly string[] = [
  'DIGEST_ABOVE',
  'GRAPH_AUTH', // managed-identity by itself
  'GRAPH_BASE_URL', // national clouds
  'GRAPH_REQUESTS_PER_10S',
  'INITIAL_LOOKBACK',
  'LOG_RETENTION', // 30 days by itself; tenants without P1 set 7d
  'RETENTION_DAYS',
  'STANDSTILL_ALARM',
  'LOG_LEVEL', // warn and error silence the line that the alerts wait for
  'TABLES_CONNECTION', // the emulator
];

/** Settings that the platform reads, not the monitor. */
const PLATFORM: readonly string[] = [
  'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
  'APPLICATIONINSIGHTS_CONNECTION_STRING',
  'AzureWebJobsDisableHomepage',
  'AzureWebJobsStorage__accountName',
  'AzureWebJobsStorage__clientId',
  'AzureWebJobsStorage__credential',
  'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID',
  'WEBSITE_AUTH_AAD_ALLOWED_TENANTS',
];

const names = SETTINGS.map((each): string => each.name);
const minus = (all: readonly string[], known: readonly string[]): readonly string[] =>
  all.filter((each) => !known.includes(each));
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const matches = (content: string, pattern: RegExp): readonly string[] =>
  [...content.matchAll(pattern)].map(([, found]) => found ?? '');

describe('settings', () => {
  it('are all deployed: put a missing one into monitorSettings of infra/main.bicep, or into OPTIONAL above', () => {
    expect(minus(names, [...deployed, ...OPTIONAL])).toEqual([]);
  });

  it('that are deployed all exist: shared/config/settings.ts knows them, or the platform does', () => {
    expect(minus(deployed, [...allSettings().map((each) => each.name), ...PLATFORM])).toEqual([]);
  });

  it('that nobody deployed are named', () => {
    expect(minus([...names, 'A_NEW_SETTING'], [...deployed, ...OPTIONAL])).toEqual([
      'A_NEW_SETTING',
    ]);
  });

  it('that are optional exist, and are not deployed', () => {
    expect(minus(OPTIONAL, names)).toEqual([]);
    expect(OPTIONAL.filter((each) => deployed.includes(each))).toEqual([]);
  });

  it('that are secret come from the vault', () => {
    const secrets = allSettings().filter((each) => each.isSecret && deployed.includes(each.name));

    for (const { name } of secrets) {
      expect(appSettings(production)[name]).toMatch(/webhookReference/);
    }
  });
});

describe('registrations', () => {
  const source = globSync(join(ROOT, 'functions', '**', '*.ts'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

  it('name only settings that are deployed', () => {
    expect(minus(matches(source, /%(\w+)%/g), deployed)).toEqual([]);
  });

  it('name only connections that are deployed', () => {
    const connections = matches(source, /connection: '(\w+)'/g);

    expect(connections.filter((each) => !deployed.some((name) => name.startsWith(each)))).toEqual(
      [],
    );
  });

  it('cannot be reached before sign-in, but for health', () => {
    expect(JSON.stringify(production)).toContain('"excludedPaths":["/api/health"]');
  });
});

describe('tables', () => {
  const inStores = matches(text('shared/adapters/tables/stores.ts'), /table\('(\w+)'\)/g);
  const inTemplate = production
    .filter(({ type }) => type.endsWith('/tableServices/tables'))
    .map(({ name }) => name.split('/').at(-1) ?? '');

  it('that the stores open are all made: a missing one goes into infra/modules/data-storage.bicep', () => {
    expect(minus(inStores, inTemplate)).toEqual([]);
    expect(inStores.length).toBeGreaterThan(3);
  });

  it('are those that crosscheck doctor looks at', () => {
    expect([...TABLES].sort()).toEqual([...inTemplate].sort());
  });
});

describe('permissions of Graph', () => {
  const known = PERMISSIONS.map(({ name }) => name);
  const script = /^PERMISSIONS='(.+)'$/m.exec(text('infra/directory.sh'))?.[1]?.split(' ');

  it('are the same in crosscheck doctor, both ways of granting, and the docs', () => {
    const inTemplate = matches(text('infra/directory.bicep'), /'(\w+\.Read\.All)'/g);
    const inDocs = matches(text('docs/permissions.md'), /^\| `(\w+\.Read\.All)`/gm);

    expect(script).toEqual(known);
    expect([...new Set(inTemplate)].sort()).toEqual([...known].sort());
    expect(inDocs).toEqual(known);
  });

  it('serve detectors that exist, and each detector is served', () => {
    for (const permission of PERMISSIONS) {
      expect(DETECTORS.filter(permission.serves)).not.toEqual([]);
    }
    expect(DETECTORS.filter((each) => PERMISSIONS.some(({ serves }) => serves(each)))).toEqual(
      DETECTORS,
    );
  });
});

describe('roles', () => {
  it('have the names that stand beside their ids', () => {
    const pairs = [...text('infra/modules/roles.bicep').matchAll(/'([0-9a-f-]{36})' \/\/ (.+)/g)];

    expect(Object.fromEntries(pairs.map(([, id, name]) => [id, name]))).toEqual(ROLES);
  });

  it('are all documented', () => {
    const page = text('docs/permissions.md');

    expect(Object.values(ROLES).filter((each) => !page.includes(each))).toEqual([]);
  });
});

describe('host.json', () => {
  it('keeps the line of each run out of sampling: an alert fires where it is missing', () => {
    const { excludedTypes } = hostJson.logging.applicationInsights.samplingSettings;

    expect(excludedTypes.split(';')).toContain('Trace');
  });
});
