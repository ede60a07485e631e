import type { StoredRow } from './guards';
import type { Table } from './table';
import { isHeader, timelineIn } from './timeline-rows';

export interface BucketPurge {
  readonly partition: string;
  /** Signals of earlier months go. */
  readonly month: string;
  /** Whether there still are findings of a timeline. */
  readonly hasFindings: (timelineId: string) => Promise<boolean>;
}

const EVERY_ROW = { from: '', to: '~~~~' };
const COLUMNS = ['month', 'hasFindings'];

/** Walks through a bucket once: removes old signals, and the headers of timelines of which no signal is left. */
export async function purgeBucket(table: Table, purge: BucketPurge): Promise<void> {
  const { partition, month } = purge;
  let header: StoredRow | undefined;
  let isEmpty = true;
  async function endTimeline(): Promise<void> {
    if (header !== undefined && isEmpty) {
      await removeHeader(table, header, purge);
    }
    header = undefined;
    isEmpty = true;
  }
  for await (const page of table.pages({ partition, rows: EVERY_ROW, columns: COLUMNS })) {
    const isOld = (row: StoredRow): boolean => !isHeader(row) && String(row['month']) < month;
    // Signals first: a header without signals is harmless, and goes next time.
    const old = page.filter(isOld).map((row) => row.rowKey);
    await table.removeAll(partition, old);
    for (const row of page) {
      if (header === undefined || timelineIn(row) !== timelineIn(header)) {
        await endTimeline();
      }
      if (isHeader(row)) {
        header = row;
      } else if (!isOld(row)) {
        isEmpty = false;
      }
    }
  }
  await endTimeline();
}

/** Whoever writes signals meanwhile renews the header, and it stays. */
async function removeHeader(
  table: Table,
  { partitionKey, rowKey, etag, hasFindings }: StoredRow,
  purge: BucketPurge,
): Promise<void> {
  const isNeeded = hasFindings === true && (await purge.hasFindings(timelineIn({ rowKey })));
  if (!isNeeded) {
    await table.remove(partitionKey, rowKey, etag);
  }
}
