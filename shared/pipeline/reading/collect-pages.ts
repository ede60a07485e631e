import type { Detector } from '../../domain/detector';
import type { ReadableRow } from '../../domain/reading/quarantine';
import type { EntraRecord, Malformed } from '../../domain/record';
import { earliest, type Instant } from '../../domain/time';
import type { Clocks } from '../../domain/reading/wrong-clock';
import type { SeenInFeeds, SourcePage } from '../ports/record-source';
import { select, type Selection } from '../findings/select';
import { missedBy, readable } from './unreadable';

/** What the pages of a window came to so far. */
export interface Collected {
  selection: Selection;
  malformed: Malformed[];
  /** The records, for rows that were unreadable before. */
  readable: ReadableRow[];
  seen: SeenInFeeds[];
  rows: number;
  kept: number;
  pages: number;
  /** The oldest time that was seen: pages come newest first. */
  oldest: Instant | undefined;
  requestId: string | undefined;
  /** Of the first answer: what became visible since may be missing. */
  clocks: Clocks | undefined;
}

/**
 * Draws the signals of a window from its pages. A record that a detector cannot take is malformed, and the rest goes
 * on.
 * @param isEnough leaves the rest of the pages unread.
 */
export async function collectPages(
  pages: AsyncIterable<SourcePage>,
  of: { readonly tenantId: string; readonly detectors: readonly Detector[] },
  isEnough: (collected: Collected) => boolean = () => false,
): Promise<Collected> {
  let all = nothing();
  for await (const page of pages) {
    if (page.isAgain === true) {
      // What came before comes once more; its signals join with themselves.
      all = { ...nothing(), selection: all.selection, clocks: all.clocks };
    }
    const { malformed } = all;
    const failed = new Set<EntraRecord>();
    all.rows += page.rows;
    all.kept += page.records.length;
    all.pages += 1;
    all.requestId = page.requestId ?? all.requestId;
    all.clocks ??= page.clocks;
    malformed.push(...page.malformed);
    all.seen.push(...page.seen);
    select(of.tenantId, of.detectors, page.records, all.selection, (record, detector, error) => {
      const { source, id } = record;
      const name = error instanceof Error ? error.name : 'unknown error';
      const reason = `${detector.id} failed on it: ${name}`;
      malformed.push({ source, id, reason, missed: missedBy(record, detector.id) });
      failed.add(record);
    });
    all.readable.push(...page.records.filter((each) => !failed.has(each)).map(readable));
    const { oldest } = page;
    all.oldest = oldest === undefined ? all.oldest : earliest(oldest, all.oldest ?? oldest);
    if (isEnough(all)) {
      break;
    }
  }
  return all;
}

function nothing(): Collected {
  return {
    ...{ selection: new Map(), malformed: [], readable: [], seen: [], rows: 0, kept: 0, pages: 0 },
    ...{ oldest: undefined, requestId: undefined, clocks: undefined },
  };
}
