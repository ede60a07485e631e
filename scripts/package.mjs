// What is deployed: dist/package/ and the same as dist/package.zip. The bundle must be built.
import { Buffer } from 'node:buffer';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { zip } from './zip.mjs';

const { name, version, main, engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const files = {
  'host.json': readFileSync('host.json'),
  // No dependencies: the bundle holds them, and a platform that sees some would install them.
  'package.json': Buffer.from(
    `${JSON.stringify({ name, version, private: true, main, engines }, null, 2)}\n`,
  ),
  [main]: readFileSync(main),
  // Loaded by the entry with the first call.
  [join(dirname(main), 'on-call.cjs')]: readFileSync(join(dirname(main), 'on-call.cjs')),
};

rmSync('dist/package', { recursive: true, force: true });
for (const [path, content] of Object.entries(files)) {
  const target = join('dist', 'package', path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  console.log(`${kilobytes(content)}  ${path}`);
}
const archive = zip(files);
writeFileSync('dist/package.zip', archive);
console.log(`${kilobytes(archive)}  dist/package.zip`);

function kilobytes({ length }) {
  return `${(length / 1024).toFixed(0).padStart(7)} KB`;
}
