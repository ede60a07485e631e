import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { signIn } from './sign-ins';

export type Shape = 'NDJSON' | 'one JSON array';

/** Peak resident memory in MB of the built `crosscheck analyze -` over so many bytes from a pipe. */
export function peakMemory(
  bytes: number,
  shape: Shape,
): Promise<{ peak: number; seconds: number }> {
  return peakWhile((stdin) => feed(stdin, bytes, shape));
}

/** The same over so many people, each with an authenticator that was never verified. */
export function peakOfFindings(people: number): Promise<{ peak: number; seconds: number }> {
  return peakWhile(async (stdin) => {
    // A day before and hours after, so that the log is known to be complete around the others.
    stdin.write(`${added(people + 1, '2026-03-01T12:00:00.0000000Z')}\n`);
    for (let n = 0; n < people; n += 1_000) {
      const rows = Array.from({ length: Math.min(1_000, people - n) }, (_, i) => added(n + i));
      await send(stdin, `${rows.join('\n')}\n`);
    }
    stdin.end(`${added(people, '2026-03-02T18:00:00.0000000Z')}\n`);
  });
}

async function peakWhile(
  feeding: (stdin: Writable) => Promise<void>,
): Promise<{ peak: number; seconds: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'crosscheck-bench-'));
  const report = join(folder, 'rss');
  const hook = join(folder, 'hook.cjs');
  // Of the process itself: the maximum that getrusage tells includes the parent that started it.
  writeFileSync(
    hook,
    `const fs = require('node:fs');
     process.on('exit', () => {
       const [, peak] = /VmHWM:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'));
       fs.writeFileSync(${JSON.stringify(report)}, peak);
     });`,
  );
  const child = spawn(
    process.execPath,
    ['--require', hook, 'dist/cli.cjs', 'analyze', '-', '--json'],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const started = process.hrtime.bigint();
  const ended = new Promise((resolve) => child.on('close', resolve));
  await feeding(child.stdin);
  await ended;
  const peak = Number(readFileSync(report, 'utf8')) / 1024;
  rmSync(folder, { recursive: true, force: true });
  return { peak, seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}

async function feed(stdin: Writable, bytes: number, shape: Shape): Promise<void> {
  const [open, between, close] = shape === 'NDJSON' ? ['', '\n', '\n'] : ['[', ',', ']'];
  // A block of distinct rows is built once and sent over and over with other ids: building is slower than reading.
  const block = Array.from({ length: 1_000 }, (_, i) => signIn(i, 100));
  let written = 0;
  let round = 0;
  stdin.write(open);
  while (written < bytes) {
    const id = round.toString(16).padStart(4, '0');
    const text = block.map((row) => row.replace('3015-496e', `${id}-496e`)).join(between);
    written += text.length;
    round += 1;
    await send(stdin, written < bytes ? text + between : text);
  }
  stdin.end(close);
}

async function send(stdin: Writable, text: string): Promise<void> {
  if (!stdin.write(text)) {
    await new Promise((resolve) => stdin.once('drain', resolve));
  }
}

/** A row of the MFA service that adds an authenticator to the account of the n-th person. */
function added(n: number, at = '2026-03-02T12:00:00.0000000Z'): string {
  const id = String(n).padStart(12, '0');
  const device = [{ DeviceName: 'Pixel 9', Id: id, LastAuthenticatedTimestamp: null }];
  return JSON.stringify({
    id: `00000000-0000-4000-9000-${id}`,
    category: 'UserManagement',
    result: 'success',
    activityDisplayName: 'Update user',
    activityDateTime: at,
    loggedByService: 'Core Directory',
    initiatedBy: { app: { displayName: 'Azure MFA StrongAuthenticationService' } },
    targetResources: [
      {
        id: `00000000-0000-4000-8000-${id}`,
        type: 'User',
        userPrincipalName: `user${n}@example.com`,
        modifiedProperties: [
          {
            displayName: 'StrongAuthenticationPhoneAppDetail',
            oldValue: '[]',
            newValue: JSON.stringify(device),
          },
        ],
      },
    ],
    additionalDetails: [],
  });
}
