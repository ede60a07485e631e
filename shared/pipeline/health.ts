import type { ConfiguredDetector } from '../domain/detector';
import { SOURCES, type Source } from '../domain/record';
import { between, MINUTE, type Instant } from '../domain/time';
import type { Now, Stores } from './ports';

/** A log that was not read for longer than this is not being watched. */
const STANDSTILL = 30 * MINUTE;

/** Whether the watch is on, and for each thing that is not, how to mend it. */
export interface Health {
  readonly status: 'up' | 'degraded';
  readonly sources: readonly {
    readonly source: Source;
    readonly lastReadAt?: Instant;
    /** Absence is concluded up to here. */
    readonly completeTo?: Instant;
  }[];
  readonly alerts: Readonly<Record<'waiting' | 'not-configured' | 'dead', number>>;
  readonly problems: readonly string[];
  /** What works, and costs more than it should. */
  readonly notes: readonly string[];
}

/** Reads the state of the watch from the stores alone: what the functions last did, not what they hope to do. */
export async function health(
  stores: Stores,
  detectors: readonly ConfiguredDetector[],
  options: { readonly hasChannel: boolean; readonly clock: Now },
): Promise<Health> {
  const now = options.clock.now();
  const problems: string[] = [];
  const notes: string[] = [];
  const sources: Health['sources'][number][] = [];
  for (const source of SOURCES) {
    const ids = detectors
      .filter(({ detector }) => detector.needs.includes(source))
      .map(({ detector }) => detector.id);
    if (ids.length === 0) {
      continue;
    }
    const head = await stores.coverage.head(source);
    const lastReadAt = head?.journal?.readAt;
    const ends = ids.flatMap((id) => head?.byDetector[id]?.to ?? []);
    const completeTo = ends.toSorted()[0];
    if (head?.trouble !== undefined) {
      const { since, message, mend } = head.trouble;
      problems.push(`${source} cannot be read since ${since}: ${message}. ${mend}`);
    } else if (lastReadAt === undefined) {
      problems.push(`${source} was never read; look at the log of the poll functions.`);
    } else if (between(lastReadAt, now) > STANDSTILL) {
      problems.push(
        `${source} was last read at ${lastReadAt}; look at the log of its poll function.`,
      );
    }
    if (head?.dayTrouble !== undefined) {
      const { since, message } = head.dayTrouble;
      notes.push(`days of ${source} cannot be read again since ${since}: ${message}.`);
    }
    if (head?.droppedFilter !== undefined) {
      const { why, filter } = head.droppedFilter;
      const said = why === 'rejected' ? 'Graph rejects the filter' : 'the filter hides rows';
      notes.push(`${source} is read without a filter: ${said} ${filter}.`);
    }
    sources.push({
      source,
      ...(lastReadAt !== undefined && { lastReadAt }),
      ...(completeTo !== undefined && { completeTo }),
    });
  }
  const alerts = await stores.outbox.counts();
  if (!options.hasChannel) {
    problems.push('No channel is configured: set TEAMS_WEBHOOK_URL, or nobody is told.');
  }
  if (alerts.dead > 0) {
    problems.push(`${alerts.dead} alerts could not be delivered and were given up.`);
  }
  const faults = await stores.marks.faults();
  if (faults !== undefined && between(faults.at, now) <= STANDSTILL) {
    const { timelines, first } = faults;
    const what = timelines === 1 ? '1 timeline' : `${timelines} timelines`;
    problems.push(`${what} cannot be assessed, and wait: ${first}.`);
  }
  return { status: problems.length === 0 ? 'up' : 'degraded', sources, alerts, problems, notes };
}
