// The one gate: everything that must hold before a change lands. Stops at the first part that fails.
import { spawnSync } from 'node:child_process';

const PARTS = [
  'format:check',
  'lint',
  'boundaries',
  'types',
  'build',
  'test',
  'docs:check',
  'prove',
];
const skipped = process.argv.includes('--without-tests') ? ['test'] : [];

for (const part of PARTS.filter((each) => !skipped.includes(each))) {
  console.log(`\n== ${part}`);
  const { status } = spawnSync('npm', ['run', '--silent', part], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`npm run check: ${part} failed`);
    process.exit(status ?? 1);
  }
}
