// Figures and ratios, in their own runner: timings have no place in unit tests.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

const outfile = 'node_modules/.cache/crosscheck-bench.cjs'; // beside the packages that it looks up
await build({
  entryPoints: ['test/bench/main.ts'],
  ...{ bundle: true, platform: 'node', target: 'node22', format: 'cjs', outfile },
  external: ['azurite'],
});
const { status } = spawnSync(process.execPath, ['--expose-gc', outfile], { stdio: 'inherit' });
process.exitCode = status ?? 1;
