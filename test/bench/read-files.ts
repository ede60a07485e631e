import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signIn } from './sign-ins';

/** The least that reading such a file can be: every line found and parsed, and nothing made of it. */
const BARE = `
  const { createInterface } = require('node:readline');
  const lines = createInterface({ input: require('node:fs').createReadStream(process.argv[1]) });
  let rows = 0;
  lines.on('line', (line) => { rows += JSON.parse(line).id === '' ? 0 : 1; });
  lines.on('close', () => { process.stdout.write(String(rows)); });`;

/** Seconds of the built `crosscheck analyze FILE` and of `readline` with `JSON.parse` over the same file, by turns. */
export function measureAnalyze(
  bytes: number,
  runs: number,
): readonly { readonly analyze: number; readonly bare: number }[] {
  const folder = mkdtempSync(join(tmpdir(), 'crosscheck-bench-'));
  const file = join(folder, 'sign-ins.ndjson');
  try {
    writeRows(file, bytes);
    return Array.from({ length: runs }, () => ({
      bare: seconds(['-e', BARE, file]),
      analyze: seconds(['dist/cli.cjs', 'analyze', file, '--json']),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeRows(file: string, bytes: number): void {
  const handle = openSync(file, 'w');
  for (let written = 0, n = 0; written < bytes; n += 1_000) {
    const block = Array.from({ length: 1_000 }, (_, i) => `${signIn(n + i, 100)}\n`).join('');
    written += writeSync(handle, block);
  }
  closeSync(handle);
}

function seconds(args: readonly string[]): number {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, {
    maxBuffer: 1e9,
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(`the run failed: ${stderr.slice(0, 500)}`);
  }
  return Number(process.hrtime.bigint() - started) / 1e9;
}
