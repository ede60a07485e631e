// Proves the built command: runs it in an empty folder without node_modules on the examples.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'crosscheck-prove-'));
try {
  copyFileSync('dist/cli.cjs', join(folder, 'cli.cjs'));
  cpSync('examples', join(folder, 'examples'), { recursive: true });
  const run = spawnSync(process.execPath, ['cli.cjs', 'analyze', 'examples', '--json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const subjects =
    run.status === 0 ? JSON.parse(run.stdout).findings.map((each) => each.detector) : [];
  const expected = [
    'bootstrap-not-finished',
    'eas-success-despite-ca-failure',
    'group-migration-leftover',
    'guest-proxy-address-conflict',
    'mfa-registration-unfinished',
    'registration-without-outcome',
    'security-info-prompt-loop',
    'smart-lockout-overshoot',
    'upn-proxy-address-reserved',
  ];
  if (subjects.sort().join() !== expected.join()) {
    console.error(
      `the built bundle found ${subjects.join() || 'nothing'} in examples\n${run.stderr}`,
    );
    process.exitCode = 1;
  } else {
    console.log('the built bundle finds what is in examples, without node_modules');
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
