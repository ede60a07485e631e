import type { Around as AroundTable } from '../../shared/adapters/memory/memory-table';
import type { EngineStores } from '../../shared/pipeline/ports/stores';
import type { MemoryStores } from './memory-stores';
import type { PlannedCrash } from './stories';

/** The process was killed. */
export class Crash extends Error {
  override readonly name = 'Crash';
  /** Nothing of it gets through any more. */
  readonly isStorageGone = true;
}

/** Runs one store operation; `name` is like `signals.merge`. */
export type Around = (
  run: () => Promise<unknown>,
  name: string,
  args: readonly unknown[],
) => Promise<unknown>;

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
            : each(run as () => Promise<unknown>, `${room}.${String(name)}`, args);
        };
      },
    });
  return {
    damaged: wrap(stores.damaged, 'damaged'),
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
  await each(() => Promise.resolve(), name, []);
  yield* run();
}

/**
 * Stores over the same tables, for a process that is killed just before or just after its n-th request to a table since
 * it was armed: after that no request of it gets through, until it is armed again.
 */
export function crashing(stores: MemoryStores): {
  around: EngineStores;
  arm: (crash: PlannedCrash | undefined) => void;
} {
  let armed: PlannedCrash | undefined;
  let count = 0;
  let isDead = false;
  const crashAt = (side: PlannedCrash['side'], operation: number): void => {
    isDead ||= armed?.operation === operation && armed.side === side;
    if (isDead) {
      throw new Crash('killed');
    }
  };
  const each: AroundTable = async (run) => {
    const operation = count;
    count += 1;
    crashAt('before', operation);
    const result = await run();
    crashAt('after', operation);
    return result;
  };
  return {
    around: stores.over(each),
    arm: (crash) => {
      armed = crash;
      count = 0;
      isDead = false;
    },
  };
}
