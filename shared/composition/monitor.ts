import { version } from '../../package.json';
import { systemClock } from '../adapters/system-clock';
import type { Logger } from '../adapters/logging/logger';
import type { Config } from '../config/config';
import { readConfigForTimers } from '../config/config-for-timers';
import { processEnvironment } from '../config/environment';
import { DETECTORS } from '../detectors/index';
import { mfaRegistrationUnfinished } from '../detectors/mfa-registration-unfinished';
import type { Detector } from '../domain/detector';
import type { Log } from '../domain/record';
import { MINUTE, type Instant } from '../domain/time';
import { inWords } from '../domain/reading/wrong-clock';
import type { Interval } from '../domain/reading/coverage';
import { drainMarks, type AssessReport, type SecondLook } from '../pipeline/findings/assess';
import { backfillSource, type BackfillReport } from '../pipeline/backfill';
import { coverageReport, type CoverageReport } from '../pipeline/queries/coverage-report';
import { deliverAlerts, type DeliverReport } from '../pipeline/delivery/deliver';
import type { ExportFormat, ExportFormatName } from '../pipeline/queries/export-findings';
import { health, READING_OFF, type Health } from '../pipeline/queries/health';
import { readiness, type Readiness } from '../pipeline/queries/readiness';
import { KnownSignals } from '../pipeline/reading/known-signals';
import { pollSource, type PollReport } from '../pipeline/poll';
import { repairRows, type RowRepairReport } from '../pipeline/audit-trail/repair-rows';
import { purgeExpired, type RetentionReport } from '../pipeline/audit-trail/retention';
import { sealRecord, type SealReport } from '../pipeline/audit-trail/seal';
import { propagateSuppressions } from '../pipeline/findings/rules';
import { verifyRecord, type Range, type Verification } from '../pipeline/audit-trail/verify';
import type { Reader } from '../pipeline/reading/read-source';
import { noticeRuleChanges } from '../pipeline/findings/rule-change';
import { secondLook } from '../pipeline/reading/second-look';
import { hearOfRows } from '../pipeline/reading/unreadable';
import { watchSources, type Watch } from '../pipeline/reading/watch-sources';
import type { Clock } from '../pipeline/ports/clock';
import type { Stores } from '../pipeline/ports/stores';
import { buildChannels } from './channels';
import { DETECTOR_IDS, detectorOf, neededFeeds, neededSources, titlesOf } from './detectors';
import {
  buildAccess,
  buildDirectory,
  buildSource,
  memoized,
  requestsPerDoor,
  type Counters,
} from './graph';
import { logAssessed, logPoll, logTime } from './run-log';
import { buildCopies, buildStores } from './stores';

/** The monitor with its real adapters: what every door calls. */
export interface Monitor {
  readonly config: Config;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stores: Stores;
  /** Of those that are switched off, too: they may have left findings. */
  readonly detectorOf: (id: string) => Detector | undefined;
  /** All whose findings there may be, the watch over the logs with them. */
  readonly detectorIds: readonly string[];
  readonly poll: (source: Log, options?: PollOptions) => Promise<PollReport>;
  /** What the timers call: a poll, unless READING is off. */
  readonly pollOnTimer: (source: Log) => Promise<void>;
  readonly reassess: () => Promise<AssessReport>;
  readonly deliver: () => Promise<DeliverReport>;
  readonly health: () => Promise<Health>;
  readonly coverage: (range?: {
    readonly from?: Instant;
    readonly to?: Instant;
  }) => Promise<CoverageReport>;
  /** Fills a range of the past; resumable. @throws BackfillError when it cannot be filled. */
  readonly backfill: (
    source: Log,
    range: Interval,
    onWindow: (at: Instant) => void,
  ) => Promise<BackfillReport>;
  /** Seals the hours and days that are over, and copies what is new to the container. */
  readonly seal: () => Promise<SealReport>;
  /** Removes what is older than the retention. */
  readonly purge: () => Promise<RetentionReport>;
  readonly verify: (range: Range) => Promise<Verification>;
  /** Whom an MFA requirement would stop today. @throws GroupNotFoundError, SourceError */
  readonly readiness: (options: { readonly group?: string }) => Promise<Readiness>;
  /** How findings are written. */
  readonly exportFormat: (name: ExportFormatName) => Promise<ExportFormat>;
  /** Rebuilds the stored rows that cannot be read, as far as they can be derived. */
  readonly repairRows: () => Promise<RowRepairReport>;
}

export interface PollOptions {
  /** As long as it takes: for a person who waits. */
  readonly isUnbounded?: boolean;
  readonly sweep?: boolean;
  /** Reads and assesses in memory; writes and sends nothing. */
  readonly stores?: Stores;
}

/** For one subject at a time, out of what the polls leave of Graph's limit. */
const SECOND_LOOKS_PER_10S = 1;
const SECOND_LOOK_BUDGET = MINUTE;

/** A run begins no new window after this: well under the platform's limit, and the next run goes on. */
const RUN_BUDGET = 4 * MINUTE;
/** After that a run assesses for so long. Together they stay below `functionTimeout` of host.json. */
const DRAIN_BUDGET = 3 * MINUTE;

let monitor: Promise<Monitor> | undefined;

/**
 * The monitor of this process, built from the environment on first use: nothing is loaded or parsed before.
 * @throws ConfigError naming every setting that cannot be used.
 */
export function theMonitor(): Promise<Monitor> {
  monitor ??= buildMonitor(readConfigForTimers(processEnvironment()));
  monitor.catch(() => {
    monitor = undefined; // the next invocation says it again, and may find it mended
  });
  return monitor;
}

/** Builds a monitor with real adapters. The SDKs are loaded here, not when the bundle is. */
export async function buildMonitor(config: Config, clock: Clock = systemClock): Promise<Monitor> {
  const { createLogger } = await import('../adapters/logging/logger');
  /** What the last poll saw of our own clock: said in the line of every run while it is wrong. */
  let clockIs: string | undefined;
  const { switchedOff } = config;
  const logger = createLogger(config.logLevel, undefined, () => ({
    clockIs,
    ...(switchedOff.length > 0 && { badSettings: switchedOff }),
  }));
  const stores = await buildStores(config);
  const channels = await buildChannels(config, clock);
  const { tenantId, detectors } = config;
  const known = new KnownSignals();
  const access = memoized(() => buildAccess(config, clock, requestsPerDoor(config)));
  const lookAccess = memoized(() => buildAccess(config, clock, SECOND_LOOKS_PER_10S));
  const feeds = neededFeeds(detectors);
  async function readerOf(source: Log, counters: Counters): Promise<Reader> {
    return {
      ...{ source, tenantId, detectors, clock, stores, known },
      records: await buildSource(config, clock, await access(source), counters, logger),
      initialLookback: config.initialLookback,
      retention: config.logRetention,
    };
  }
  function lookAgain(counters: Counters): SecondLook {
    if (!config.isReading) {
      return () => Promise.resolve('later');
    }
    return secondLook({
      ...{ tenantId, stores, clock, budget: SECOND_LOOK_BUDGET },
      sourceOf: async () => buildSource(config, clock, await lookAccess('any'), counters, logger),
    });
  }
  async function watch(known?: Watch['known']): Promise<void> {
    const standstill = config.standstillAlarm;
    const announces = { outbox: stores.outbox, watchedFor: titlesOf(detectors) };
    await watchSources({ tenantId, feeds, stores, clock, standstill, announces, known });
  }
  let changed: Promise<readonly string[]> | undefined;
  /** Once per process. */
  async function noticeChanges(): Promise<void> {
    if (changed !== undefined) {
      await changed;
      return;
    }
    changed = noticeRuleChanges(stores, detectors);
    changed.catch(() => {
      changed = undefined; // the next run tries again
    });
    const ids = await changed;
    if (ids.length > 0) {
      logger.warn({ detectors: ids }, 'rules changed, every timeline is assessed again');
    }
  }
  const poll: Monitor['poll'] = async (source, options = {}) => {
    const counters = { requests: 0, throttled: 0 };
    const started = clock.now();
    const isDry = options.stores !== undefined;
    if (!isDry) {
      await noticeChanges();
    }
    const { known: _known, ...forgetful } = await readerOf(source, counters);
    const reader: Reader = {
      ...forgetful,
      ...(isDry ? { stores: options.stores } : { known }),
      sweep: options.sweep === true,
      ...(options.isUnbounded !== true && { budget: RUN_BUDGET }),
    };
    if (isDry) {
      return pollSource(reader);
    }
    const report = await pollSource(reader, {
      ...{ secondLook: lookAgain(counters), watch },
      ...(options.isUnbounded !== true && { drainBudget: DRAIN_BUDGET }),
    });
    const { clockAheadBy } = report.read;
    clockIs = clockAheadBy === undefined ? undefined : `${inWords(clockAheadBy)} Microsoft Graph`;
    logTime(logger, report.read);
    const run = { ...counters, startedAt: started, endedAt: clock.now() };
    logPoll(logger, report, run, neededSources(detectors).includes(source));
    return report;
  };
  return {
    ...{ config, version, clock, logger, stores },
    detectorOf,
    detectorIds: DETECTOR_IDS,
    poll,
    pollOnTimer: async (source) => {
      if (config.isReading) {
        await poll(source);
      } else {
        const failure = { failure: 'reading-off', error: READING_OFF };
        logger.warn({ run: 'poll', source, ...failure }, 'log is not read');
      }
    },
    reassess: async () => {
      await noticeChanges();
      await propagateSuppressions({ stores, clock });
      await hearOfRows({ stores, tenantId });
      await watch();
      const look = lookAgain({ requests: 0, throttled: 0 });
      const report = await drainMarks({
        ...{ tenantId, detectors, stores, clock, secondLook: look, budget: DRAIN_BUDGET },
        keepsHeartbeat: true,
      });
      const { timelines, changes, left, stopped } = report;
      logger.info(
        { run: 'reassess', timelines, findings: changes.length, left, stopped },
        'reassessed',
      );
      logAssessed(logger, report);
      return report;
    },
    deliver: async () => {
      const { digestAbove } = config;
      const { outbox } = stores;
      const report = await deliverAlerts({ outbox, channels, clock, digestAbove });
      await stores.damaged.flush();
      const level = report.dead > 0 ? 'error' : 'info';
      logger[level]({ run: 'deliver', ...report }, 'alerts delivered');
      return report;
    },
    health: () =>
      health(stores, detectors, {
        tenantId,
        isReading: config.isReading,
        channels: channels.map(({ id, channel }) => ({ id, isConfigured: channel !== undefined })),
        hasContainer: config.sealContainer !== undefined,
        ...{ clock, switchedOff },
      }),
    coverage: (range) => coverageReport(stores, detectors, clock, range),
    backfill: async (source, range, onWindow) => {
      const counters = { requests: 0, throttled: 0 };
      const report = await backfillSource(await readerOf(source, counters), range, onWindow);
      const { windows, rows, kept, malformed, tooOld } = report;
      logger.info(
        { run: 'backfill', source, range, windows, rows, kept, malformed, tooOld, ...counters },
        'range read',
      );
      return report;
    },
    seal: async () => {
      const copies = await buildCopies(config);
      const report = await sealRecord({ stores, copies, clock });
      const said = report.isDone ? 'record sealed' : 'record sealed in part; the next run goes on';
      logger[report.isDone ? 'info' : 'warn']({ run: 'seal', ...report }, said);
      return report;
    },
    purge: async () => {
      const { retention } = config;
      const report = await purgeExpired({ stores, detectors: DETECTORS, retention, clock });
      logger.info({ run: 'purge', ...report }, 'retention applied');
      return report;
    },
    exportFormat: async (name) => {
      const { exportFormat } = await import('../adapters/export/formats');
      return exportFormat(name, { version, detectorOf });
    },
    repairRows: () => repairRows({ tenantId, stores, clock, detectors: DETECTORS }),
    readiness: async (options) =>
      readiness(
        {
          ...{ stores, clock, detector: mfaRegistrationUnfinished },
          directory: await buildDirectory(config, clock, await lookAccess('any')),
        },
        options,
      ),
    verify: async (range) =>
      verifyRecord(
        { rows: stores.rows, copies: await buildCopies(config), lists: stores, clock },
        range,
      ),
  };
}
