import type { EngineStores } from '../../shared/pipeline/ports';
import type { PlannedCrash } from './stories';

/** The process was killed. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** Runs one store operation; `name` is like `signals.merge`. */
export type Around = (run: () => Promise<unknown>, name: string) => Promise<unknown>;

/** The same stores with something around each operation. */
export function around(stores: EngineStores, each: Around): EngineStores {
  const wrap = <P extends object>(port: P, room: string): P =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') {
          return member;
        }
        return (...args: unknown[]): unknown => {
          const run = (): unknown => Reflect.apply(member, target, args);
          return WALKS.includes(name)
            ? walked(run as () => AsyncIterable<unknown>, each, `${room}.${String(name)}`)
            : each(run as () => Promise<unknown>, `${room}.${String(name)}`);
        };
      },
    });
  return {
    signals: wrap(stores.signals, 'signals'),
    findings: wrap(stores.findings, 'findings'),
    index: wrap(stores.index, 'index'),
    counts: wrap(stores.counts, 'counts'),
    marks: wrap(stores.marks, 'marks'),
    coverage: wrap(stores.coverage, 'coverage'),
    rules: wrap(stores.rules, 'rules'),
    quarantine: wrap(stores.quarantine, 'quarantine'),
  };
}

/** What hands out one thing after the other. */
const WALKS: readonly (string | symbol)[] = ['timelinesOf', 'all', 'rows', 'scan', 'keys', 'days'];

async function* walked(
  run: () => AsyncIterable<unknown>,
  each: Around,
  name: string,
): AsyncIterable<unknown> {
  await each(() => Promise.resolve(), name);
  yield* run();
}

/** EngineStores that throw a `Crash` just before or just after the n-th operation since they were armed. */
export function crashing(stores: EngineStores): {
  around: EngineStores;
  arm: (crash: PlannedCrash | undefined) => void;
} {
  let armed: PlannedCrash | undefined;
  let count = 0;
  const crashAt = (side: PlannedCrash['side']): void => {
    if (armed?.operation === count && armed.side === side) {
      armed = undefined;
      throw new Crash('killed');
    }
  };
  return {
    around: around(stores, async (run) => {
      crashAt('before');
      const result = await run();
      crashAt('after');
      count += 1;
      return result;
    }),
    arm: (crash) => {
      armed = crash;
      count = 0;
    },
  };
}
