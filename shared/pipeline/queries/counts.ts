import { checkCoverage, type Coverage } from '../../domain/reading/coverage';
import type { ConfiguredDetector, Detector } from '../../domain/detector';
import { timelineId } from '../../domain/findings/finding';
import type { Source } from '../../domain/record';
import type { Signal } from '../../domain/findings/signal';
import { coverageOf } from '../../domain/reading/source-state';
import { countOf, isTallied, type Count } from '../../domain/reading/tally';
import { dayOf, latest, type Instant } from '../../domain/time';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { CoverageStore } from '../ports/coverage-store';
import type { SignalStore } from '../ports/signal-store';
import type { Selection } from '../findings/select';

/** How many rows of a kind were read of the last 30 days: information, whatever the number. */
export interface Counted extends Count {
  readonly source: Source;
  readonly what: string;
  /** The last day that was counted. */
  readonly to: Instant;
  /** Since when the log was read without a gap, where that is less than all of the days: there may be more. */
  readonly knownFrom?: Instant | undefined;
}

/** What the detectors count, as far as the source was ever read. A count that cannot be read is left out. */
export async function countsOf(
  { signals, coverage }: { readonly signals: SignalStore; readonly coverage: CoverageStore },
  detectors: readonly ConfiguredDetector[],
  { tenantId, now }: { readonly tenantId: string; readonly now: Instant },
): Promise<readonly Counted[]> {
  const counts: Counted[] = [];
  for (const { detector } of detectors) {
    const { tally, id } = detector;
    if (tally !== undefined) {
      try {
        const stored = await signals.read(timelineId(tenantId, id, tally.source));
        const covered = coverageOf(detector, await coverage.reading());
        counts.push(...countIn(detector, stored.signals, covered, now));
      } catch (error) {
        if (!(error instanceof UnreadableRowError)) {
          throw error;
        }
      }
    }
  }
  return counts;
}

/** What a detector counts among these signals; nothing when its source was never read. */
export function countIn(
  { tally }: Detector,
  signals: readonly Signal[],
  coverage: Readonly<Partial<Record<Source, Coverage>>>,
  now: Instant,
): readonly Counted[] {
  const known = tally && coverage[tally.source];
  if (tally === undefined || known === undefined) {
    return [];
  }
  const count = countOf(signals, now);
  const isWhole = checkCoverage(known, count.from, known.to).verdict === 'covered';
  const knownFrom = latest(known.from, ...known.gaps.map((gap) => gap.to));
  return [{ ...tally, ...count, to: now, ...(!isWhole && { knownFrom }) }];
}

/** The signals by which a detector counts, in what was drawn from rows. */
export function talliedIn(selection: Selection, detector: Detector): readonly Signal[] {
  const timelines = [...(selection.get(detector)?.values() ?? [])];
  return timelines
    .filter(({ timeline }) => isTallied(timeline.subject))
    .flatMap(({ signals }) => [...signals.values()]);
}

/** A count as a sentence. */
export function countText({ what, count, isAtLeast, from, to, knownFrom }: Counted): string {
  const number = `${count.toLocaleString('en')}${isAtLeast ? ' or more' : ''}`;
  const known =
    knownFrom === undefined
      ? ''
      : `; the log was read without a gap since ${dayOf(knownFrom)} only`;
  return `${what} from ${dayOf(from)} to ${dayOf(to)}, accepted or not: ${number}${known}.`;
}
