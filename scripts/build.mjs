// Bundles the doors to CommonJS: @azure/functions cannot be loaded from an ESM bundle.
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  legalComments: 'none',
};

rmSync('dist', { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: { cli: 'cli/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  banner: { js: '#!/usr/bin/env node' },
});
await build({
  ...shared,
  entryPoints: { main: 'functions/index.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  external: ['@azure/functions-core'], // the platform provides it
});
chmodSync('dist/cli.cjs', 0o755);
