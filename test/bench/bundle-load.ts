import { spawnSync } from 'node:child_process';

/** Milliseconds to load each of two modules, each time in a fresh process, in turn: the medians and their ratio. */
export function compareLoadTimes(
  what: string,
  other: string,
  runs: number,
): { readonly what: number; readonly other: number; readonly ratio: number } {
  const pairs = Array.from({ length: runs }, () => [loadTime(what), loadTime(other)] as const);
  return {
    what: median(pairs.map(([first]) => first)),
    other: median(pairs.map(([, second]) => second)),
    ratio: median(pairs.map(([first, second]) => first / second)),
  };
}

function loadTime(what: string): number {
  const script = `
    const started = process.hrtime.bigint();
    require(${JSON.stringify(what)});
    process.stdout.write(String(Number(process.hrtime.bigint() - started) / 1e6));`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  // Outside a host the library says so, line by line.
  return Number(/[\d.]+$/.exec(stdout)?.[0]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
