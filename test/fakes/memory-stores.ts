import { memoryStores as storesIn } from '../../shared/adapters/memory/memory-stores';
import { MemoryTables, type Around } from '../../shared/adapters/memory/memory-table';
import { fromColumns, toColumns } from '../../shared/adapters/tables/columns';
import type { StoredRow } from '../../shared/adapters/tables/guards';
import { joinKey, ordinal } from '../../shared/adapters/tables/keys';
import { isHeader, timelineIn } from '../../shared/adapters/tables/timeline-rows';
import type { Finding } from '../../shared/domain/findings/finding';
import type { Alert, Transition } from '../../shared/domain/findings/transition';
import type { WindowReport } from '../../shared/domain/reading/journal';
import type { TrailEntry } from '../../shared/domain/audit-trail/entries';
import type { Signal } from '../../shared/domain/findings/signal';
import type { Instant } from '../../shared/domain/time';
import type { Outbox } from '../../shared/pipeline/ports/outbox';
import type { Stores } from '../../shared/pipeline/ports/stores';

/** The stores as shipped, over tables in memory, and what lies in those tables: to be looked at without waiting. */
export interface MemoryStores extends Stores {
  readonly tables: MemoryTables;
  /** Stores of another process over the same tables, with something around each request. */
  over(around: Around): Stores;
  /** So much time has passed that whoever was killed keeps nobody waiting any more. */
  expireLeases(): void;
  readonly findings: Stores['findings'] & {
    /** In order of their first commit. */
    list(): readonly Finding[];
    /** In order of commit. */
    readonly transitions: readonly Transition[];
  };
  readonly outbox: Outbox & {
    /** In order of commit, each once, whatever the channels. */
    readonly alerts: readonly Alert[];
    /** Commits an alert with no more of its finding than the alert names. */
    owe(alert: Alert, at: Instant): Promise<void>;
  };
  readonly coverage: Stores['coverage'] & { readonly windows: readonly WindowReport[] };
  readonly chain: Stores['chain'] & { readonly entries: readonly TrailEntry[] };
  readonly signals: Stores['signals'] & {
    /** Drops what lies below a floor, of one detector alone. */
    purge(detectorId: string, floor: Instant): void;
  };
}

export function memoryStores(
  tables = new MemoryTables(),
  ...channels: readonly string[]
): MemoryStores {
  const [first, ...more] = channels;
  const stores = first === undefined ? storesIn(tables) : storesIn(tables, [first, ...more]);
  const rows = (table: string): StoredRow[] => [...tables.contents(table).rows.values()];
  const all = (table: string, kind: string): readonly object[] =>
    rows(table).flatMap((row) => (row.rowKey.startsWith(kind) ? [fromColumns(row)] : []));
  return {
    ...stores,
    tables,
    over: (around) => storesIn(tables.through(around)),
    expireLeases: () => {
      const work = tables.contents('Work');
      [...work.rows]
        .filter(([, { rowKey }]) => rowKey.startsWith('lease|'))
        .forEach(([key]) => {
          work.remove(key);
        });
    },
    findings: looking(stores.findings, {
      list: () => all('Findings', 'f|') as readonly Finding[],
      get transitions() {
        return all('Findings', 'h|') as readonly Transition[];
      },
    }),
    outbox: looking(stores.outbox, {
      get alerts() {
        return (all('Findings', 'o|') as readonly { alert: Alert }[]).map(({ alert }) => alert);
      },
      owe: async (alert: Alert, at: Instant) => {
        const { findingId: id } = alert;
        const sequence = Number(alert.id.slice(id.length + 1));
        const change = { finding: { id }, transition: { findingId: id, sequence, at }, alert };
        const known = await stores.findings.find(id);
        await stores.findings.commit(change as never, known?.etag);
      },
    }),
    coverage: looking(stores.coverage, {
      get windows() {
        return (all('Coverage', 'w|') as readonly WindowReport[]).toSorted(byReadAt);
      },
    }),
    chain: looking(stores.chain, {
      get entries() {
        return all('Findings', 'c|') as readonly TrailEntry[];
      },
    }),
    signals: looking(stores.signals, {
      purge: (detector: string, floor: Instant) => {
        purgeSignals(tables, detector, floor);
      },
    }),
  };
}

/** Writes the history row and the alert of a transition that a planted fault kept back. */
export function writeLate(
  { tables }: MemoryStores,
  { findingId, sequence, at, ...rest }: Transition,
  alert?: Alert,
): void {
  const [timeline = '', anchor = ''] = findingId.split('-');
  const partitionKey = joinKey('memory', timeline);
  const value =
    alert === undefined
      ? { findingId, sequence, at, ...rest }
      : { alert, channel: 'teams', state: 'waiting', createdAt: at, attempts: 0, refusals: [] };
  const rowKey = joinKey(
    ...(alert === undefined ? ['h', anchor] : ['o', anchor]),
    ordinal(sequence),
    ...(alert === undefined ? [] : ['teams']),
  );
  tables.contents('Findings').put({ partitionKey, rowKey, ...toColumns(value) });
}

function purgeSignals(tables: MemoryTables, detector: string, floor: Instant): void {
  const contents = tables.contents('Timelines');
  const own = new Set(
    [...contents.rows.values()].flatMap((row) =>
      row['detector'] === detector ? [timelineIn(row)] : [],
    ),
  );
  for (const [key, row] of [...contents.rows]) {
    const isOwn = !isHeader(row) && own.has(timelineIn(row));
    if (isOwn && (fromColumns(row) as Signal).at < floor) {
      contents.remove(key);
    }
  }
}

function byReadAt(a: WindowReport, b: WindowReport): number {
  return a.readAt < b.readAt ? -1 : a.readAt > b.readAt ? 1 : 0;
}

/** The same port with something to look at. */
function looking<P extends object, L extends object>(port: P, views: L): P & L {
  return Object.defineProperties(port, Object.getOwnPropertyDescriptors(views)) as P & L;
}
