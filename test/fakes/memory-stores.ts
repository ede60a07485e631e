import { memoryStores as storesIn } from '../../shared/adapters/memory/memory-stores';
import { MemoryTables } from '../../shared/adapters/memory/memory-table';
import { fromColumns, toColumns } from '../../shared/adapters/tables/columns';
import type { StoredRow } from '../../shared/adapters/tables/guards';
import { joinKey, ordinal } from '../../shared/adapters/tables/keys';
import type { Alert, Finding, Transition } from '../../shared/domain/finding';
import type { WindowReport } from '../../shared/domain/journal';
import type { RecordEntry } from '../../shared/domain/record-chain';
import type { Signal } from '../../shared/domain/signal';
import type { Instant } from '../../shared/domain/time';
import type { Outbox, Stores } from '../../shared/pipeline/ports';

/** The stores as shipped, over tables in memory, and what lies in those tables: to be looked at without waiting. */
export interface MemoryStores extends Stores {
  readonly tables: MemoryTables;
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
  readonly chain: Stores['chain'] & { readonly entries: readonly RecordEntry[] };
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
        return all('Findings', 'c|') as readonly RecordEntry[];
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
  for (const name of SIGNAL_MONTHS) {
    const contents = tables.contents(name);
    const own = new Set(
      contents
        .select({ partition: joinKey('memory', 'timelines', detector), ...EVERY }, Infinity)
        .map((row) => row.rowKey),
    );
    for (const [key, row] of [...contents.rows]) {
      const isOwn = own.has(row.partitionKey.slice('memory|'.length));
      if (isOwn && (fromColumns(row) as Signal).at < floor) {
        contents.remove(key);
      }
    }
  }
}

const EVERY = { rows: { from: '', to: '~~~~' } };
const SIGNAL_MONTHS = [2020, 2021, 2022, 2023, 2024, 2025, 2026].flatMap((year) =>
  Array.from({ length: 12 }, (_, i) => `Signals${year}${String(i + 1).padStart(2, '0')}`),
);

function byReadAt(a: WindowReport, b: WindowReport): number {
  return a.readAt < b.readAt ? -1 : a.readAt > b.readAt ? 1 : 0;
}

/** The same port with something to look at. */
function looking<P extends object, L extends object>(port: P, views: L): P & L {
  return Object.defineProperties(port, Object.getOwnPropertyDescriptors(views)) as P & L;
}
