// Also read by scripts/start.mjs as it stands, without a build: nothing is imported here but what Node brings.
import { readFileSync } from 'node:fs';

/** Whether there is such a process, of whomever. One that was killed and nobody has waited for is none. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
}

/** Linux says so; elsewhere nobody asks for long, because whoever started it waits for it. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before the state stands in parentheses, and may hold any character.
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
