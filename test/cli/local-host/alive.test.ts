import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { isAlive } from '../../../cli/local-host/alive';

describe('a process', () => {
  it('is alive while it runs, of whomever it is', () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(1)).toBe(true);
  });

  it('is none once it has ended', () => {
    expect(isAlive(spawnSync(process.execPath, ['-e', '']).pid)).toBe(false);
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('is none when it was killed and nobody has waited for it', async () => {
    // The shell becomes a program that waits for nobody, so that its child stays as a zombie.
    const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
    const [said] = await new Promise<[Buffer]>((resolve) => {
      shell.stdout.once('data', (chunk: Buffer) => {
        resolve([chunk]);
      });
    });
    const pid = Number(said.toString());
    expect(isAlive(pid)).toBe(true);

    process.kill(pid, 'SIGKILL');
    for (let i = 0; i < 100 && isAlive(pid); i++) {
      await wait(20);
    }

    expect(process.kill(pid, 0)).toBe(true);
    expect(isAlive(pid)).toBe(false);
    shell.kill('SIGKILL');
  });
});
