import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const IDENTITY = '00000000-0000-0000-0000-0000000000bb';

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crosscheck-azd-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const azureYaml = readFileSync(join(ROOT, 'azure.yaml'), 'utf8');

describe('what azd does with azure.yaml', () => {
  // https://github.com/Azure/azure-dev/pull/1880: a js service is built with `npm run build` when it is packaged, which
  // comes after the hook, and `dist` must then hold files.
  it('leaves the package where azd looks for it, in the order of azd', () => {
    for (const part of [
      'cli',
      'docs',
      'functions',
      'shared',
      'scripts',
      'host.json',
      'package.json',
    ]) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const dist = /^ {4}dist: (\S+)$/m.exec(azureYaml)?.[1] ?? '';
    const hook =
      /^ {2}prepackage:[\s\S]*?posix:\s+shell: sh\s+run: (.+)$/m.exec(azureYaml)?.[1] ?? '';
    const step = (command: string): void => {
      const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
      const env = { PATH: path, HOME: folder };
      const { status, stderr } = spawnSync('sh', ['-c', command], {
        ...{ cwd: folder, env, encoding: 'utf8' },
      });
      expect([command, status, stderr]).toEqual([command, 0, expect.anything()]);
    };

    step(hook);
    step('npm run build');

    for (const file of ['host.json', 'package.json', 'dist/main.cjs', 'dist/on-call.cjs']) {
      expect([file, existsSync(join(folder, dist, file))]).toEqual([file, true]);
    }
    for (const file of ['main.cjs', 'on-call.cjs']) {
      const built = readFileSync(join(folder, 'dist', file));
      expect(readFileSync(join(folder, dist, 'dist', file)).equals(built)).toBe(true);
    }
  });

  it('finds the hook that does the directory step', () => {
    expect(/^ {6}run: (infra\/postprovision\.sh)$/m.exec(azureYaml)).not.toBeNull();
  });
});

describe('infra/postprovision.sh', () => {
  const run = (
    failure: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): { status: number | null; said: string; azd: string; settings: unknown } => {
    const roles = ['AuditLog.Read.All', 'Directory.Read.All', 'Policy.Read.All'].map((value) => ({
      ...{ id: `role of ${value}`, value, allowedMemberTypes: ['Application'] },
    }));
    const path = "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')";
    const objects = { [path]: { id: 'graph', appRoles: roles } };
    const state = join(folder, 'state.json');
    writeFileSync(
      state,
      JSON.stringify({ failure, requests: [], grants: [], consents: [], objects }),
    );
    script('az', `exec "${process.execPath}" "${__dirname}/fake-az.cjs" "$@"`);
    script('azd', `echo "$@" >>"${folder}/azd.txt"`);
    writeFileSync(join(folder, 'azd.txt'), '');
    const { status, stdout, stderr } = spawnSync('bash', [join(ROOT, 'infra/postprovision.sh')], {
      encoding: 'utf8',
      env: {
        PATH: `${folder}:${process.env['PATH'] ?? ''}`,
        AZ_STATE: state,
        DIRECTORY_WAIT: '0',
        AZURE_ENV_NAME: 'prod',
        AZURE_RESOURCE_GROUP: 'rg-crosscheck-prod',
        APP_NAME: 'crosscheck-prod-abc',
        APP_HOST: 'app.example.com',
        IDENTITY_PRINCIPAL_ID: IDENTITY,
        ...environment,
      },
    });
    const { settings } = JSON.parse(readFileSync(state, 'utf8')) as { settings?: unknown };
    const azd = readFileSync(join(folder, 'azd.txt'), 'utf8');
    return { status, said: stdout + stderr, azd, settings };
  };
  const script = (name: string, text: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };

  it('does the directory step where the person may, and switches reading on', () => {
    const { status, said, azd, settings } = run([]);

    expect(status).toBe(0);
    expect(said).toContain(`granted:     AuditLog.Read.All for ${IDENTITY}`);
    expect(azd).toMatch(/^env set APP_REGISTRATION_ID app-of-\S+\n$/);
    expect(settings).toEqual(['crosscheck-prod-abc READING=on']);
    expect(said).toContain('azd provision once more');
  });

  it('prints what to do where the person may not, and fails nothing', () => {
    const { status, said, azd, settings } = run(['Forbidden: Authorization_RequestDenied']);

    expect(status).toBe(0);
    expect(said).toContain('NOT done');
    expect(said).toContain(`--identity ${IDENTITY} --host app.example.com`);
    expect(azd).toBe('');
    expect(settings).toBeUndefined();
  });

  it('does nothing once it was done', () => {
    const { status, said, azd } = run([], { APP_REGISTRATION_ID: 'app-1' });

    expect([status, azd]).toEqual([0, '']);
    expect(said).toContain('is done (app registration app-1)');
  });
});
