// `npm start`: builds, then runs `crosscheck start` in this process, which signals reach then. While a host runs, what
// it is made of stays as it is: the command only says that there is one.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isAlive } from '../cli/local-host/alive.ts';

const args = process.argv.slice(2);

if (![folderOf(args), '.crosscheck'].some(isInUse)) {
  const build = join('scripts', 'build.mjs');
  const { status } = spawnSync(process.execPath, [build], { stdio: 'inherit' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}
const cli = resolve('dist', 'cli.cjs');
process.argv = [process.execPath, cli, 'start', ...args];
await import(pathToFileURL(cli).href);

function folderOf(options) {
  const at = options.findIndex((each) => each === '--data' || each.startsWith('--data='));
  return at === -1 ? '.crosscheck' : (options[at].split('=')[1] ?? options[at + 1] ?? '.');
}

function isInUse(folder) {
  const path = join(folder, 'host.pid');
  const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  return pid > 0 && isAlive(pid);
}
