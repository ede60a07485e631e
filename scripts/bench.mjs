// Figures and ratios, in their own runner: timings have no place in unit tests.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const folder = mkdtempSync(join(tmpdir(), 'crosscheck-bench-'));
const outfile = join(folder, 'bench.cjs');
await build({
  entryPoints: ['test/bench/main.ts'],
  ...{ bundle: true, platform: 'node', target: 'node22', format: 'cjs', outfile },
});
const { status } = spawnSync(process.execPath, [outfile], { stdio: 'inherit' });
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;
