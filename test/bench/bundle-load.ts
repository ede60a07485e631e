import { spawnSync } from 'node:child_process';

/** Milliseconds to load a module in a fresh process, the median of some runs. */
export function loadTime(what: string, runs: number): number {
  const script = `
    const started = process.hrtime.bigint();
    require(${JSON.stringify(what)});
    process.stdout.write(String(Number(process.hrtime.bigint() - started) / 1e6));`;
  const times = Array.from({ length: runs }, () => {
    const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    // Outside a host the library says so, line by line.
    return Number(/[\d.]+$/.exec(stdout)?.[0]);
  });
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? NaN;
}
