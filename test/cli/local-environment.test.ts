import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../cli/exit';
import { shareEnvironment, withLocalHost } from '../../cli/local-environment';
import { folderWith } from '../fakes/folder';

describe('the monitor that runs in a folder', () => {
  const home = process.cwd();
  afterEach(() => {
    process.chdir(home);
  });

  it('is found by other commands of the folder, for as long as it runs', () => {
    const folder = folderWith({});
    process.chdir(folder);
    mkdirSync('.crosscheck');

    const end = shareEnvironment('.crosscheck', {
      TENANT_ID: 't',
      TABLES_CONNECTION: 'c',
      PATH: 'x',
    });

    expect(withLocalHost({ LOG_LEVEL: 'warn' })).toEqual({
      LOG_LEVEL: 'warn',
      TENANT_ID: 't',
      TABLES_CONNECTION: 'c',
    });
    expect(statSync(join(folder, '.crosscheck/environment.json')).mode & 0o077).toBe(0);
    end();
    expect(existsSync('.crosscheck/environment.json')).toBe(false);
    expect(() => withLocalHost({ LOG_LEVEL: 'warn' })).toThrow(
      'the local host of this folder was stopped. Run npm start, or set TENANT_ID and',
    );
    expect(withLocalHost({ TENANT_ID: 'real' })).toEqual({ TENANT_ID: 'real' });
  });

  it('is not missed where there never was one', () => {
    process.chdir(folderWith({}));

    expect(withLocalHost({ LOG_LEVEL: 'warn' })).toEqual({ LOG_LEVEL: 'warn' });
  });

  it('is not believed to run when it was killed', () => {
    process.chdir(folderWith({}));
    shareEnvironment('.crosscheck', { TENANT_ID: 'local' });
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const path = '.crosscheck/environment.json';
    writeFileSync(path, JSON.stringify({ TENANT_ID: 'local', pid }));

    expect(() => withLocalHost({})).toThrow(UsageError);
    expect(() => withLocalHost({})).toThrow(
      'the local host of this folder was killed. Run npm start',
    );
    expect(withLocalHost({ TENANT_ID: 'real' })).toEqual({ TENANT_ID: 'real' });

    writeFileSync(path, JSON.stringify({ TENANT_ID: 'local', pid: 1 }));
    expect(withLocalHost({})).toEqual({ TENANT_ID: 'local' });
  });

  it('is not taken for the one that the environment names', () => {
    process.chdir(folderWith({}));
    shareEnvironment('.crosscheck', { TENANT_ID: 'local' });

    expect(withLocalHost({ TENANT_ID: 'real' })).toEqual({ TENANT_ID: 'real' });
  });
});
