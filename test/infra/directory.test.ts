import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, loadDirectory } from './snapshots';

const ROOT = join(__dirname, '..', '..');
const SCRIPT = join(ROOT, 'infra', 'directory.sh');
const IDENTITY = '00000000-0000-0000-0000-0000000000bb';
const AUDITOR = '00000000-0000-0000-0000-0000000000c1';
const OPERATOR = '00000000-0000-0000-0000-0000000000c2';
const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const ARGUMENTS = [
  ...['--environment', 'prod', '--identity', IDENTITY, '--host', 'app.example.com'],
  ...['--auditor', AUDITOR, '--operator', OPERATOR],
];

interface Directory {
  readonly requests: readonly string[];
  readonly grants: readonly string[];
  readonly consents: readonly Record<string, string>[];
  readonly objects: Readonly<Record<string, Record<string, unknown>>>;
}

interface Grant {
  readonly principalId: string;
  readonly resourceId: string;
  readonly appRoleId: string;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crosscheck-directory-'));
  const az = join(folder, 'az');
  writeFileSync(az, `#!/bin/sh\nexec "${process.execPath}" "${__dirname}/fake-az.cjs" "$@"\n`);
  chmodSync(az, 0o755);
  setTrouble([]);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const graphRoles = ['AuditLog.Read.All', 'Directory.Read.All', 'Policy.Read.All'].flatMap(
  (value) => [
    { id: `delegated ${value}`, value, allowedMemberTypes: ['User'] },
    { id: `role of ${value}`, value, allowedMemberTypes: ['Application'] },
  ],
);

/** A directory in which nothing was done yet, and which refuses so often first. */
function setTrouble(failure: readonly string[]): void {
  const objects = {
    "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')": {
      id: 'graph',
      appRoles: graphRoles,
    },
  };
  const state = { failure, requests: [], grants: [], consents: [], objects };
  writeFileSync(join(folder, 'state.json'), JSON.stringify(state));
}

const run = (
  ...args: readonly string[]
): { readonly status: number | null; readonly said: string } => {
  const { status, stdout, stderr } = spawnSync('bash', [SCRIPT, ...args], {
    encoding: 'utf8',
    env: {
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
      AZ_STATE: join(folder, 'state.json'),
      DIRECTORY_WAIT: '0',
    },
  });
  return { status, said: stdout + stderr };
};

const directory = (): Directory =>
  JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as Directory;

/** The registration as two requests left it: the second trusts a client with the scope that the first made. */
const registrationMade = (): Record<string, unknown> => {
  const { objects } = directory();
  const made = objects["/applications(uniqueName='crosscheck-prod')"] ?? {};
  const trusted = objects[`/applications/${String(made['id'])}`] ?? {};
  return {
    ...made,
    api: { ...(made['api'] as object), ...(trusted['api'] as object) },
  };
};

const grants = (): readonly Grant[] => directory().grants.map((each) => JSON.parse(each) as Grant);

describe('infra/directory.sh', () => {
  it('says what it takes', () => {
    const { status, said } = run('--help');

    expect(status).toBe(0);
    expect(said).toContain('--identity');
  });

  it.each([
    ['nothing', []],
    ['an id that is none', ['--environment', 'prod', '--identity', "x' or 'y", '--host', 'h']],
    ['an unknown option', ['--force', 'yes']],
    ['an option without its value', ['--host']],
    ['a host that is none', ['--environment', 'prod', '--identity', IDENTITY, '--host', 'a"b']],
  ])('refuses %s before it asks anybody', (_, args) => {
    expect(run(...args).status).toBe(2);
    expect(directory().requests).toEqual([]);
  });

  it('grants, prints each grant, and ends with the id for main.bicep', () => {
    const { status, said } = run(...ARGUMENTS);

    expect(status).toBe(0);
    expect(said).toContain(`granted:     AuditLog.Read.All for ${IDENTITY}`);
    expect(said).toContain(`granted:     Operator for ${OPERATOR}`);
    expect(said).toMatch(/APP_REGISTRATION_ID=app-of-\S+\n$/);
    expect(grants().filter((each) => each.principalId === IDENTITY)).toEqual(
      ['AuditLog.Read.All', 'Directory.Read.All', 'Policy.Read.All'].map((value) => ({
        principalId: IDENTITY,
        resourceId: 'graph',
        appRoleId: `role of ${value}`,
      })),
    );
    expect(directory().consents).toEqual([
      expect.objectContaining({ consentType: 'AllPrincipals', scope: 'openid profile email' }),
    ]);
  });

  it('lets the Azure command line get a token for the API', () => {
    const { said } = run(...ARGUMENTS);
    const { api, identifierUris } = registrationMade();
    const [scope] = at(api, 'oauth2PermissionScopes') as [Record<string, unknown>];

    expect(identifierUris).toEqual(['api://00000000-0000-0000-0000-0000000000aa/crosscheck-prod']);
    expect(scope).toMatchObject({ value: 'user_impersonation', type: 'User', isEnabled: true });
    expect(at(api, 'preAuthorizedApplications')).toEqual([
      { appId: AZURE_CLI, delegatedPermissionIds: [scope['id']] },
    ]);
    expect(said).toContain('api://00000000-0000-0000-0000-0000000000aa/crosscheck-prod');
  });

  it('changes nothing when it is run again', () => {
    run(...ARGUMENTS);
    const { objects, grants: before, consents } = directory();
    const { status, said } = run(...ARGUMENTS);

    expect(status).toBe(0);
    expect(said).not.toContain('granted:');
    expect(said).toContain(`has already: Auditor for ${AUDITOR}`);
    expect(directory()).toMatchObject({ objects, grants: before, consents });
  });

  it('tries again while the directory does not know the identity yet', () => {
    setTrouble([
      'Bad Request: Not a valid reference update.',
      'Not Found: Request_ResourceNotFound',
    ]);

    const { status, said } = run(...ARGUMENTS);

    expect(status).toBe(0);
    expect(said.match(/not yet/g)).toHaveLength(2);
    expect(grants()).toHaveLength(5);
  });

  it('stops at once, with the remedy, when the person may not', () => {
    setTrouble(['Forbidden: Authorization_RequestDenied Insufficient privileges']);

    const { status, said } = run(...ARGUMENTS);

    expect(status).toBe(1);
    expect(said).toContain('sign in as Privileged Role Administrator or Global Administrator');
    expect(directory().requests.filter((each) => each.startsWith('POST'))).toHaveLength(1);
  });

  it('gives up in the end', () => {
    setTrouble(Array.from({ length: 12 }, () => 'Bad Request: something else'));

    const { status, said } = run(...ARGUMENTS);

    expect(status).toBe(1);
    expect(said).toMatch(/something else[\s\S]*failed 12 times/);
  });
});

describe('infra/directory.bicep', () => {
  const template = loadDirectory();
  const resource = (name: string): unknown =>
    at(at(template['resources'], name), 'properties') ?? {};

  it('makes what the script makes', () => {
    run(...ARGUMENTS);
    const { objects, consents } = directory();
    const made = registrationMade();
    const trust = Object.entries(objects).find(([path]) => path.includes('federated'))?.[1];

    expect(at(resource('registration'), 'appRoles')).toEqual([
      { id: idIn('auditorRole'), ...roleOf(made, 'Auditor') },
      { id: idIn('operatorRole'), ...roleOf(made, 'Operator') },
    ]);
    expect(resolved(at(resource('registration'), 'api'))).toEqual(made['api']);
    expect(at(resource('registration'), 'identifierUris')).toEqual([
      "[format('api://{0}/crosscheck-{1}', tenant().tenantId, parameters('environmentName'))]",
    ]);
    expect(at(resource('registration'), 'signInAudience')).toEqual(made['signInAudience']);
    expect(at(resource('registration::trust'), 'audiences')).toEqual(trust?.['audiences']);
    expect(trust?.['issuer']).toBe(
      'https://login.example.com/00000000-0000-0000-0000-0000000000aa/v2.0',
    );
    expect(at(resource('principal'), 'appRoleAssignmentRequired')).toBe(true);
    expect(at(resource('consent'), 'scope')).toBe(consents[0]?.['scope']);
    expect(at(template, 'variables.permissions')).toEqual([
      'AuditLog.Read.All',
      'Directory.Read.All',
      'Policy.Read.All',
    ]);
  });

  it('has no secret and no password', () => {
    expect(JSON.stringify(template)).not.toMatch(/passwordCredentials|keyCredentials|secureString/);
  });

  /** With the values of the variables in place of their names. */
  const resolved = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value).replaceAll(/\[variables\('(\w+)'\)\]/g, (_, name: string) =>
        String(at(template, `variables.${name}`)),
      ),
    );

  const idIn = (variable: string): string => `[variables('${variable}')]`;

  /** A role as the script made it, without the id, after the id was compared. */
  function roleOf(made: unknown, value: string): object {
    const roles = at(made, 'appRoles') as { id: string; value: string }[];
    const { id, ...rest } = roles.find((each) => each.value === value) ?? { id: '' };
    expect(id).toBe(at(template, `variables.${value.toLowerCase()}Role`));
    return rest;
  }
});
