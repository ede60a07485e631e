// Writes the generated pages, or with --check fails when one is not what the code says now.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'esbuild';

const isCheck = process.argv.includes('--check');
const { outputFiles } = await build({
  entryPoints: ['scripts/pages.ts'],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  write: false,
});
const module = { exports: {} };
new Function('module', 'exports', 'require', outputFiles[0].text)(
  module,
  module.exports,
  createRequire(import.meta.url),
);

const pages = await module.exports.pages();
for (const [path, text] of Object.entries(pages)) {
  const known = readFileSync(path, { encoding: 'utf8', flag: 'a+' });
  if (isCheck && known !== text) {
    console.error(`${path} is not up to date: run npm run docs and commit it`);
    process.exitCode = 1;
  } else if (!isCheck) {
    writeFileSync(path, text);
  }
}
