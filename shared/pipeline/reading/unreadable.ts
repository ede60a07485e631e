import type { Interval } from '../../domain/reading/coverage';
import { timelineId } from '../../domain/findings/finding';
import {
  isOpen,
  isReadAs,
  isSameStanding,
  joinRows,
  many,
  quarantined,
  type OpenRow,
  type QuarantineRow,
  type ReadableRow,
  type RowGap,
} from '../../domain/reading/quarantine';
import type { EntraRecord, Malformed, MissedRow, Source } from '../../domain/record';
import { endsFor } from '../../domain/reading/source-state';
import { justAfter, type Instant } from '../../domain/time';
import { specOf } from '../../sources';
import type { KnownRows } from './known-rows';
import { markConcerned } from '../findings/mark';
import type { EngineStores } from '../ports/stores';
import { markEveryTimeline } from '../findings/rule-change';

/** Every run reads them all. Beyond, the rows of a day share one gap, which is of everybody. */
const MAX_OPEN = 1_000;
/** So many rows of one window get a row each. */
const MAX_OF_A_WINDOW = 200;

export interface UnreadableDeps {
  readonly tenantId: string;
  readonly stores: Pick<EngineStores, 'quarantine' | 'marks' | 'coverage' | 'signals'>;
}

/** What a window showed, for those rows that could not be read then, or before. */
export interface Looked {
  readonly source: Source;
  readonly window: Interval;
  readonly malformed: readonly Malformed[];
  readonly readable: readonly ReadableRow[];
  readonly seenAt: Instant;
  /** All of an exported log: there is no other window that would take up the rest. */
  readonly isExport?: boolean;
}

/**
 * Keeps the rows that could not be read. To be called before coverage moves over their window: from then on nothing is
 * concluded over what they may have said.
 */
export async function quarantineRows(
  { quarantine }: Pick<EngineStores, 'quarantine'>,
  { source, window, malformed, seenAt, isExport = false }: Omit<Looked, 'readable'>,
): Promise<void> {
  if (malformed.length === 0) {
    return;
  }
  const live = new Map((await quarantine.live()).map((row) => [row.id, row]));
  const rows = new Map<string, QuarantineRow>();
  for (const each of malformed) {
    const row = quarantined(source, each, window, seenAt);
    const known = rows.get(row.id);
    rows.set(row.id, known === undefined ? row : joinRows(known, row));
  }
  const isNews = (row: QuarantineRow): boolean => {
    const known = live.get(row.id);
    return known === undefined || !isSameStanding(known, joinRows(known, row));
  };
  const fresh = [...rows.values()].filter(isNews);
  const free = Math.max(0, MAX_OPEN - live.size);
  const room = isExport ? free : Math.min(MAX_OF_A_WINDOW, free);
  // Those that cut a gap first: the others are only counted.
  const inOrder = [...fresh.filter(isOpen), ...fresh.filter((row) => !isOpen(row))];
  const over = inOrder.slice(room).filter(isOpen);
  await quarantine.add([...inOrder.slice(0, room), ...many(source, over)]);
}

/**
 * Ends the gaps of rows that were read after all, and marks whom that and new gaps concern. To be called once what the
 * records say is stored, so that nobody concludes in between.
 * @param known rows that this process has just read: their gaps were ended then.
 */
export async function settleRows(
  desk: UnreadableDeps,
  looked: Omit<Looked, 'window'>,
  known?: KnownRows,
): Promise<void> {
  const { source, malformed, readable, seenAt } = looked;
  if (malformed.length > 0) {
    known?.forget();
  }
  const isNews = readable.length > 0 && known?.hasAll(source, readable, seenAt) !== true;
  if (malformed.length > 0 || isNews) {
    const live = await endRead(desk.stores, looked);
    await hearOfRows(desk, live);
  }
  if (malformed.length === 0) {
    known?.add(source, readable, seenAt);
  }
}

/** @returns the rows that runs must know of, as they are then. */
async function endRead(
  { quarantine }: Pick<EngineStores, 'quarantine'>,
  { source, readable, malformed, seenAt }: Omit<Looked, 'window'>,
): Promise<readonly QuarantineRow[]> {
  const live = await quarantine.live();
  const ids = new Set(readable.map(({ id }) => id));
  const read = live.filter(
    (row) =>
      isOpen(row) &&
      row.source === source &&
      (row.eventId === undefined
        ? readable.some((record) => isReadAs(row, record)) && !isAmong(row, malformed)
        : ids.has(row.eventId)),
  );
  for (const { id } of read) {
    await quarantine.end(id, { how: 'readable', at: seenAt });
  }
  return read.length === 0 ? live : quarantine.live();
}

/** Whether a row without an id is still unreadable: of one moment there may be several, and only some may be read. */
function isAmong({ gap }: OpenRow, malformed: readonly Malformed[]): boolean {
  return malformed.some(({ id, missed }) => {
    const [one, other] = [missed?.subject?.id, gap.subject?.id];
    const mayBeSame = one === undefined || other === undefined || one === other;
    return id === undefined && missed?.when?.from === gap.from && mayBeSame;
  });
}

/**
 * Marks the timelines that a new or ended gap concerns. A row says that it was not heard of until the marks are there,
 * so that a crash anywhere is made up for by the next call.
 */
export async function hearOfRows(
  desk: UnreadableDeps,
  live?: readonly QuarantineRow[],
): Promise<void> {
  const { quarantine } = desk.stores;
  for (const row of live ?? (await quarantine.live())) {
    if (row.isHeard !== true && row.gap !== undefined) {
      await markConcernedBy(desk, row.source, row.gap);
      await quarantine.markPropagated(row);
    }
  }
}

async function markConcernedBy(
  { stores, tenantId }: UnreadableDeps,
  source: Source,
  { detectors, subject, wasWider, from }: RowGap,
): Promise<void> {
  for (const detector of detectors) {
    const end = endsFor(detector, await stores.coverage.reading())[source];
    if (subject !== undefined) {
      const id = timelineId(tenantId, detector, subject.id);
      await markConcerned(stores, detector, [{ id, detector, subject }]);
    }
    if ((subject === undefined || wasWider === true) && end !== undefined && from < end) {
      // Where nothing is covered yet, nothing was concluded, and whoever concludes later knows the gap.
      await markEveryTimeline(stores, { id: detector }, 'past');
    }
  }
}

/** So many of unknown kind are told apart from more. */
export const MAX_COUNTED = 100;

/** How many rows could not be read, by what that means. */
export interface RowCounts {
  /** Gaps of one person each. */
  readonly ofPersons: number;
  /** Gaps of everybody. */
  readonly ofAll: number;
  /** Rows that cut no gap, because their kind is unknown or nobody needs it; counted up to 100. */
  readonly others: number;
}

/** Counts what stands in the quarantine. */
export async function countRows(quarantine: EngineStores['quarantine']): Promise<RowCounts> {
  const open = (await quarantine.live()).filter(isOpen);
  const ofPersons = open.filter((row) => row.gap.subject !== undefined).length;
  let others = 0;
  for await (const row of quarantine.rows()) {
    others += row.gap === undefined ? 1 : 0;
    if (others === MAX_COUNTED) {
      break;
    }
  }
  return { ofPersons, ofAll: open.length - ofPersons, others };
}

/** A row that a detector failed on: nothing of it was taken, as if it could not be read. */
export function missedBy(record: EntraRecord, detectorId: string): MissedRow {
  const id = specOf(record).personId(record);
  return {
    detectors: [detectorId],
    when: { from: record.at, to: justAfter(record.at) },
    ...(id !== undefined && { subject: { type: 'user', id } }),
  };
}

/** What tells the record from others, for rows that were unreadable before. */
export function readable(record: EntraRecord): ReadableRow {
  return { id: record.id, at: record.at, subjectId: specOf(record).personId(record) };
}
