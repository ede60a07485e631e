// Bundles the doors to CommonJS: @azure/functions cannot be loaded from an ESM bundle.
import { chmodSync, rmSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  legalComments: 'none',
  // `debug` takes it where it is installed; it comes with jest here, and nobody needs colours.
  external: ['supports-color'],
  plugins: [{ name: 'one-locale', setup: keepOneLocale }],
};

// Only what is built here goes: azd runs this script after the hook that has made dist/package (azure.yaml).
for (const file of ['cli.cjs', 'main.cjs', 'on-call.cjs']) {
  rmSync(join('dist', file), { force: true });
  rmSync(join('dist', `${file}.map`), { force: true });
}
await build({
  ...shared,
  entryPoints: { cli: 'cli/main.ts' },
  banner: { js: '#!/usr/bin/env node' },
});
chmodSync('dist/cli.cjs', 0o755);

// The platform loads main.cjs to learn which functions there are; what the doors import when they are called is in
// on-call.cjs, which is loaded with the first call. (esbuild itself splits ESM only.)
const deferred = new Set();
await build({
  ...shared,
  entryPoints: { main: 'functions/index.ts' },
  external: [...shared.external, '@azure/functions-core'], // the platform provides the latter
  plugins: [...shared.plugins, { name: 'defer-dynamic-imports', setup: deferDynamicImports }],
});
await build({
  ...shared,
  stdin: { contents: entryOf([...deferred].sort()), resolveDir: '.', sourcefile: 'on-call.ts' },
  outdir: undefined,
  outfile: 'dist/on-call.cjs',
});

function deferDynamicImports({ onResolve, onLoad }) {
  const importers = [resolve('functions') + sep, resolve('shared/api/routes.ts')];
  onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir, importer }) => {
    if (kind !== 'dynamic-import' || !importers.some((each) => importer.startsWith(each))) {
      return undefined;
    }
    const file = relative('.', resolve(resolveDir, path));
    deferred.add(file);
    return { path: file, namespace: 'on-call' };
  });
  onResolve({ filter: /^\.\/on-call\.cjs$/ }, ({ path }) => ({ path, external: true }));
  onLoad({ filter: /.*/, namespace: 'on-call' }, ({ path }) => ({
    contents: `module.exports = require('./on-call.cjs')[${JSON.stringify(path)}];`,
  }));
}

/** One namespace a module, by its path. */
function entryOf(files) {
  return [
    ...files.map((file, i) => `import * as m${i} from ${JSON.stringify(`./${file}`)};`),
    `module.exports = { ${files.map((file, i) => `${JSON.stringify(file)}: m${i}`).join(', ')} };`,
  ].join('\n');
}

/** zod brings its messages in fifty languages, of which one is used. */
function keepOneLocale({ onResolve }) {
  onResolve({ filter: /\/locales\/index\.js$/ }, ({ resolveDir, path }) =>
    resolveDir.includes('/zod/') ? { path: resolve(resolveDir, path, '../en.js') } : undefined,
  );
}
