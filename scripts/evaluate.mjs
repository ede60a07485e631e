// How right the detectors are about a tenant whose truth is known: one command, because it takes minutes.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';

const outfile = 'node_modules/.cache/crosscheck-evaluate.cjs'; // beside the packages that it looks up
await build({
  entryPoints: ['test/evaluate/main.ts'],
  ...{ bundle: true, platform: 'node', target: 'node22', format: 'cjs', outfile },
});
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
