import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimFolder, HostLog } from '../../../cli/local-host/data-folder';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crosscheck-data-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('the log of the local host', () => {
  it('is for its owner alone, also where an earlier build left it for everybody', () => {
    writeFileSync(join(folder, 'host.log'), 'of the last start', { mode: 0o644 });

    const log = new HostLog(folder);
    log.write('one\n');
    log.close();

    expect(modeOf(log.path)).toBe(0o600);
    expect(readFileSync(log.path, 'utf8')).toBe('one\n');
  });

  it('is cut, and keeps the part before', () => {
    const log = new HostLog(folder, 10);
    for (let i = 100_000; i < 100_020; i++) {
      log.write(`${i}\n`);
    }
    log.close();
    log.write('too late\n');

    expect(readFileSync(`${log.path}.1`, 'utf8')).toBe('100016\n100017\n');
    expect(readFileSync(log.path, 'utf8')).toBe('100018\n100019\n');
    expect(modeOf(log.path)).toBe(0o600);
  });
});

it('makes a folder that nobody else may look into', () => {
  const path = join(folder, 'new');

  claimFolder(path)();

  expect(modeOf(path)).toBe(0o700);
});
