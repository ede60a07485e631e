import type { Interval } from '../../domain/reading/coverage';
import type { Detector } from '../../domain/detector';
import { sourcesOf } from '../../domain/reading/feed';
import type { Log } from '../../domain/record';
import { between, DAY, latest, type Duration, type Instant } from '../../domain/time';
import type { SecondLook } from '../findings/assess';
import { collectPages } from './collect-pages';
import { SourceError, type RecordSource, type Wanted } from '../ports/record-source';
import type { Clock } from '../ports/clock';
import type { Stores } from '../ports/stores';
import type { TimelineRef } from '../ports/signal-store';
import { isLog } from '../../sources';
import { wantedBy } from '../findings/select';
import { quarantineRows, settleRows } from './unreadable';

export interface SecondLookOptions {
  readonly tenantId: string;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly sourceOf: (source: Log) => Promise<RecordSource>;
  /** No look begins after so long; what is left waits for the next run. */
  readonly budget: Duration;
}

/** A finding that has waited so long opens without it: its hours have been read again by then. */
const PATIENCE = DAY;
/** Of one subject's window, the newest rows first. Who has more of them is somebody whom the tiles must do for. */
const MAX_PAGES = 5;

/**
 * Before a finding that rests on absence opens, the subject's own window is read once more by id, past every filter:
 * what the log shows by now goes into the timeline like any other record.
 */
export function secondLook(options: SecondLookOptions): SecondLook {
  const { clock } = options;
  let started: Instant | undefined;
  return async (detector, timeline, stretch) => {
    started ??= clock.now();
    const isLate = between(stretch.to, clock.now()) > PATIENCE;
    if (between(started, clock.now()) > options.budget) {
      return isLate ? 'looked' : 'later';
    }
    try {
      for (const source of sourcesOf(detector.needs).filter(isLog)) {
        await checkCoverage(source, detector, timeline, stretch, options);
      }
      return 'looked';
    } catch (error) {
      if (!(error instanceof SourceError)) {
        throw error;
      }
      // A log that refuses to be asked this way, or at all, has alarms of its own.
      return error.isPassing && !isLate ? 'later' : 'looked';
    }
  };
}

async function checkCoverage(
  source: Log,
  detector: Detector,
  timeline: TimelineRef,
  stretch: Interval,
  options: SecondLookOptions,
): Promise<void> {
  const { tenantId, stores, clock } = options;
  const startedAt = clock.now();
  const window = { from: stretch.from, to: latest(stretch.to, startedAt) };
  const wanted: Wanted = {
    ...wantedBy([detector], source),
    about: timeline.subject.id,
  };
  const records = await options.sourceOf(source);
  const read = await collectPages(
    records.read(window, wanted),
    { tenantId, detectors: [detector] },
    ({ pages: so }) => so === MAX_PAGES,
  );
  const { selection, malformed, readable, rows, kept, pages, requestId } = read;
  const looked = { source, window, malformed, readable, seenAt: clock.now() };
  await quarantineRows(stores, looked);
  // The timeline carries a mark: it is being assessed. Whom else the rows touch, the tiles find.
  const found = selection.get(detector)?.get(timeline.subject.id);
  if (found !== undefined) {
    await stores.signals.merge([{ timeline, signals: [...found.signals.values()] }], detector);
  }
  await settleRows(options, looked);
  await stores.coverage.change(source, (state) => state, [
    {
      ...{ ...window, source, purpose: 'second-look', readAt: clock.now(), rows, kept, pages },
      ...{ malformed: malformed.length, ms: between(startedAt, clock.now()), filter: 'subject' },
      ...(requestId !== undefined && { requestId }),
    },
  ]);
}
