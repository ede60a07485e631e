import { joinSignals, type JoinRules, type Signal } from '../../domain/findings/signal';
import type { Touched } from '../../pipeline/ports/signal-store';
import type { Row } from './guards';
import { after, type KeyRange } from './keys';
import { bytesOf, TRANSACTION_BYTES, TRANSACTION_ROWS } from './table';
import { headerRow, signalKey, type NextHeader } from './timeline-rows';

/** One row that is refused fails all that share its transaction. */
const TRANSACTION_TIMELINES = 50;

/** What must be written of one timeline, as it was read. */
export interface Plan {
  readonly touched: Touched;
  readonly partition: string;
  /** Of its header; absent when there is none. */
  readonly etag: string | undefined;
  readonly next: NextHeader;
  readonly writes: readonly Row[];
}

/** How the header of a plan is written: only when nobody else has written it since. */
export function headerWrite({
  partition,
  etag,
  next,
}: Plan): { insert: Row } | { update: Row; etag: string } {
  const row = headerRow(partition, next);
  return etag === undefined ? { insert: row } : { update: row, etag };
}

/** Puts together what one transaction takes. */
export function grouped(plans: readonly Plan[]): readonly (readonly Plan[])[] {
  const groups: Plan[][] = [];
  let [rows, bytes] = [0, 0];
  for (const plan of plans) {
    const ownRows = 1 + plan.writes.length;
    const ownBytes = [headerRow(plan.partition, plan.next), ...plan.writes]
      .map(bytesOf)
      .reduce((sum, each) => sum + each, 0);
    const last = groups.at(-1);
    if (
      last !== undefined &&
      last.length < TRANSACTION_TIMELINES &&
      rows + ownRows <= TRANSACTION_ROWS &&
      bytes + ownBytes <= TRANSACTION_BYTES
    ) {
      last.push(plan);
      rows += ownRows;
      bytes += ownBytes;
    } else {
      groups.push([plan]);
      [rows, bytes] = [ownRows, ownBytes];
    }
  }
  return groups;
}

/** Signals by row key; those of one key are joined. */
export function byKey(
  { timeline, signals }: Touched,
  join: JoinRules,
): ReadonlyMap<string, Signal> {
  const joined = new Map<string, Signal>();
  for (const signal of signals) {
    const rowKey = signalKey(timeline.id, signal.key);
    const known = joined.get(rowKey);
    joined.set(rowKey, known === undefined ? signal : joinSignals(known, signal, join));
  }
  return joined;
}

/** The rows between the first and the last of these. */
export function spanOf(fresh: ReadonlyMap<string, Signal>): KeyRange {
  const rowKeys = [...fresh.keys()].sort();
  return { from: rowKeys[0] ?? '', to: after(`${rowKeys.at(-1) ?? ''}|`) };
}
