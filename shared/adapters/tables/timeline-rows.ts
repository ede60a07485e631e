import type { Signal } from '../../domain/findings/signal';
import { monthOf } from '../../domain/time';
import type { TimelineRef } from '../../pipeline/ports/signal-store';
import { toColumns } from './columns';
import type { Row, StoredRow } from './guards';
import { after, beginning, joinKey, toKey, type KeyRange } from './keys';

/** How timelines are spread over partitions; another number is another way, and lies beside this one. */
const LAYOUT = '1';
const SIGNAL_KEY_LIMIT = 220;

/** What stands in front of the signals of a timeline. Every write of signals renews it: its ETag is their version. */
export interface Header {
  /** Absent when it cannot be read. */
  readonly timeline: TimelineRef | undefined;
  /** Signals were written that nobody has assessed. */
  readonly isDirty: boolean;
  /** Findings were written, or were about to be. Never taken back. */
  readonly hasFindings: boolean;
  /** Holds, or held, a signal that a finding may begin with. */
  readonly canOpen: boolean;
  readonly etag: string;
}

/** Timelines whose ids begin with one digit are neighbours: they share requests and transactions. */
export function bucketOf(timelineId: string): string {
  return timelineId.slice(0, 1);
}

export function bucketPartition(tenantId: string, bucket: string): string {
  return joinKey(tenantId, LAYOUT, bucket);
}

export function everyBucket(tenantId: string): KeyRange {
  return beginning(`${joinKey(tenantId, LAYOUT)}|`);
}

export function headerKey(timelineId: string): string {
  return `${joinKey(timelineId)}|`;
}

export function signalKey(timelineId: string, key: string): string {
  return `${signalsOf(timelineId)}${toKey(key, SIGNAL_KEY_LIMIT)}`;
}

/** What the keys of its signals begin with. */
export function signalsOf(timelineId: string): string {
  return `${headerKey(timelineId)}s|`;
}

/** Everything of the timelines from one to another. */
export function rowsOf(first: string, last: string): KeyRange {
  return { from: headerKey(first), to: after(headerKey(last)) };
}

/** Which timeline a row is of: ids have no bar. */
export function timelineIn({ rowKey }: Pick<Row, 'rowKey'>): string {
  return rowKey.slice(0, rowKey.indexOf('|'));
}

export function isHeader({ rowKey }: Pick<Row, 'rowKey'>): boolean {
  return rowKey.endsWith('|') && rowKey.indexOf('|') === rowKey.length - 1;
}

/** A header as it is written. */
export type NextHeader = Omit<Header, 'etag' | 'timeline'> & { readonly timeline: TimelineRef };

export function headerRow(partitionKey: string, header: NextHeader): Row {
  const { timeline, isDirty, hasFindings, canOpen } = header;
  const { detector } = timeline;
  const flags = { dirty: isDirty, hasFindings, canOpen };
  const rowKey = headerKey(timeline.id);
  return { partitionKey, rowKey, detector, ...flags, ...toColumns(timeline) };
}

/** @param timeline what it says; absent when that cannot be read: then nothing else of it is believed. */
export function headerIn(row: StoredRow, timeline: object | undefined): Header {
  const flag = (name: string): boolean => timeline === undefined || row[name] === true;
  return {
    timeline: timeline as TimelineRef | undefined,
    ...{ isDirty: flag('dirty'), hasFindings: flag('hasFindings'), canOpen: flag('canOpen') },
    etag: row.etag,
  };
}

export function signalRow(partitionKey: string, timelineId: string, signal: Signal): Row {
  const rowKey = signalKey(timelineId, signal.key);
  return { partitionKey, rowKey, month: monthOf(signal.at), ...toColumns(signal) };
}
