import { version } from '../package.json';
import { systemClock } from './adapters/system-clock';
import type { Limiter } from './adapters/graph/limiter';
import type { AccountOptions } from './adapters/tables/account';
import type { Logger } from './adapters/logging/logger';
import type { Config } from './config/config';
import { readConfigForTimers } from './config/config-for-timers';
import { processEnvironment } from './config/environment';
import { DETECTORS, RETIRED_DETECTORS } from './detectors/index';
import type { ChannelId } from './domain/findings/delivery';
import { asksSource, needsSource, type ConfiguredDetector, type Detector } from './domain/detector';
import type { Feed } from './domain/reading/feed';
import { SOURCES, type Source } from './domain/record';
import { MINUTE, type Instant } from './domain/time';
import { inWords } from './domain/reading/wrong-clock';
import type { Interval } from './domain/reading/coverage';
import { drainMarks, type AssessReport, type SecondLook } from './pipeline/findings/assess';
import { backfillSource, type BackfillReport } from './pipeline/backfill';
import { coverageReport, type CoverageReport } from './pipeline/queries/coverage-report';
import { deliverAlerts, type DeliverReport } from './pipeline/delivery/deliver';
import type { ExportFormat, ExportFormatName } from './pipeline/queries/export-findings';
import { health, READING_OFF, type Health } from './pipeline/queries/health';
import { KnownSignals } from './pipeline/reading/known-signals';
import { pollSource, type PollReport } from './pipeline/poll';
import { repairRows, type RowRepairReport } from './pipeline/audit-trail/repair-rows';
import { purgeExpired, type RetentionReport } from './pipeline/audit-trail/retention';
import { sealRecord, type SealReport } from './pipeline/audit-trail/seal';
import { propagateSuppressions } from './pipeline/findings/rules';
import { verifyRecord, type Range, type Verification } from './pipeline/audit-trail/verify';
import type { Reader } from './pipeline/reading/read-source';
import { noticeRuleChanges } from './pipeline/findings/rule-change';
import { feedsFor } from './pipeline/findings/select';
import { secondLook } from './pipeline/reading/second-look';
import { SubjectLookup } from './pipeline/queries/subject-lookup';
import { LOG_READING } from './pipeline/findings/log-reading';
import { hearOfRows } from './pipeline/reading/unreadable';
import { watchSources, type Watch } from './pipeline/reading/watch-sources';
import { SourceError, type RecordSource } from './pipeline/ports/record-source';
import type { ChainCopies } from './pipeline/ports/audit-trail';
import type { ConfiguredChannel } from './pipeline/ports/channel';
import type { Clock } from './pipeline/ports/clock';
import type { Stores } from './pipeline/ports/stores';

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
  readonly poll: (source: Source, options?: PollOptions) => Promise<PollReport>;
  /** What the timers call: a poll, unless READING is off. */
  readonly pollOnTimer: (source: Source) => Promise<void>;
  readonly reassess: () => Promise<AssessReport>;
  readonly deliver: () => Promise<DeliverReport>;
  readonly health: () => Promise<Health>;
  readonly coverage: (range?: {
    readonly from?: Instant;
    readonly to?: Instant;
  }) => Promise<CoverageReport>;
  /** Fills a range of the past; resumable. @throws BackfillError when it cannot be filled. */
  readonly backfill: (
    source: Source,
    range: Interval,
    onWindow: (at: Instant) => void,
  ) => Promise<BackfillReport>;
  /** Seals the hours and days that are over, and copies what is new to the container. */
  readonly seal: () => Promise<SealReport>;
  /** Removes what is older than the retention. */
  readonly purge: () => Promise<RetentionReport>;
  readonly verify: (range: Range) => Promise<Verification>;
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

function detectorOf(id: string): Detector | undefined {
  return [LOG_READING, ...DETECTORS].find((each) => each.id === id);
}

/** Of which there may be findings. */
const DETECTOR_IDS = [...[...DETECTORS, LOG_READING].map(({ id }) => id), ...RETIRED_DETECTORS];

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
  const { createLogger } = await import('./adapters/logging/logger');
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
  async function readerOf(source: Source, counters: Counters): Promise<Reader> {
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
      const { exportFormat } = await import('./adapters/export/formats');
      return exportFormat(name, { version, detectorOf });
    },
    repairRows: () => repairRows({ tenantId, stores, clock, detectors: DETECTORS }),
    verify: async (range) =>
      verifyRecord(
        { rows: stores.rows, copies: await buildCopies(config), lists: stores, clock },
        range,
      ),
  };
}

/** The same identity as for the tables; the address of the emulator carries a SAS instead. */
export async function buildCopies(config: Config): Promise<ChainCopies | undefined> {
  const { sealContainer: container, tenantId, graph } = config;
  if (container === undefined) {
    return undefined;
  }
  const { sealContainer } = await import('./adapters/blobs/seal-container');
  const { credentialFor } = await import('./adapters/graph/credential');
  const auth = graph.auth === 'azure-cli' ? 'azure-cli' : 'managed-identity';
  const credential =
    container.search === ''
      ? credentialFor(auth, { tenantId, clientId: graph.clientId })
      : undefined;
  return sealContainer({ container, tenantId, credential, fetch });
}

async function buildStores(config: Config): Promise<Stores> {
  const { tableStores } = await import('./adapters/tables/table-stores');
  const { tables, tenantId, channels } = config;
  const createMissingTables = 'connection' in tables;
  const account = await accountOf(config);
  const stores = tableStores({ ...account, tenantId, channels, createMissingTables });
  return { ...stores, index: new SubjectLookup(stores, tenantId, DETECTOR_IDS) };
}

/** Where the tables are, and who opens them. */
export async function accountOf(config: Config): Promise<AccountOptions> {
  const { tables, tenantId, graph } = config;
  if ('connection' in tables) {
    return { connection: tables.connection };
  }
  const { credentialFor } = await import('./adapters/graph/credential');
  const auth = graph.auth === 'azure-cli' ? 'azure-cli' : 'managed-identity';
  const credential = credentialFor(auth, { tenantId, clientId: graph.clientId });
  return { endpoint: tables.endpoint, credential };
}

/** What a source keeps from poll to poll: its token, and its part of Graph's limit. */
interface Access {
  readonly getToken: (() => Promise<string>) | undefined;
  readonly limiter: Limiter;
}

function memoized(build: () => Promise<Access>): (of: Source | 'any') => Promise<Access> {
  const known = new Map<Source | 'any', Promise<Access>>();
  return (source) => {
    const access = known.get(source) ?? build();
    known.set(source, access);
    return access;
  };
}

/** Functions scale on their own and share no memory, so each takes its part of Graph's limit. */
function requestsPerDoor({ graph }: Config): number {
  return (graph.requestsPer10Seconds * 2) / 5;
}

async function buildAccess(
  config: Config,
  clock: Clock,
  requestsPer10Seconds: number,
): Promise<Access> {
  const { Limiter } = await import('./adapters/graph/limiter');
  return {
    getToken: await graphToken(config, clock),
    limiter: new Limiter(clock, requestsPer10Seconds),
  };
}

/** How a token for Graph is had; undefined when nobody signs in. */
export async function graphToken(
  { graph, tenantId }: Config,
  clock: Clock,
): Promise<(() => Promise<string>) | undefined> {
  const { baseUrl, auth, clientId } = graph;
  const { credentialFor, tokenGetter } = await import('./adapters/graph/credential');
  return auth === 'none'
    ? undefined
    : tokenGetter(credentialFor(auth, { tenantId, clientId }), baseUrl, clock);
}

interface Counters {
  requests: number;
  throttled: number;
}

async function buildSource(
  config: Config,
  clock: Clock,
  access: Access,
  counters: Counters,
  logger: Logger,
): Promise<RecordSource> {
  const { graphSource } = await import('./adapters/graph/graph-source');
  return graphSource({
    ...{ baseUrl: config.graph.baseUrl, clock, fetch, random: Math.random },
    ...access,
    onRequest: () => (counters.requests += 1),
    onThrottled: () => (counters.throttled += 1),
    onRetry: ({ failure, message }, waitMs) => {
      logger.warn({ failure, error: message, waitMs }, 'Graph is asked again');
    },
  });
}

/** The channels that alerts go to, in the order of the settings. */
function buildChannels(config: Config, clock: Clock): Promise<readonly ConfiguredChannel[]> {
  return Promise.all(
    config.channels.map(async (id) => ({ id, channel: await CHANNEL_BUILDERS[id](config, clock) })),
  );
}

/** How each channel is built; undefined while something it needs is not set. */
const CHANNEL_BUILDERS: Readonly<
  Record<ChannelId, (config: Config, clock: Clock) => Promise<ConfiguredChannel['channel']>>
> = {
  teams: async ({ teamsWebhook: url, tenantId, detectors }, clock) => {
    if (url === undefined) {
      return undefined;
    }
    const { teamsChannel } = await import('./adapters/channels/teams/teams-channel');
    const context = { tenantId, runbookOf: (id: string) => runbookOf(detectors, id) };
    return teamsChannel({ url, fetch, clock, context });
  },
};

function runbookOf(detectors: readonly ConfiguredDetector[], id: string): readonly string[] {
  const known = [LOG_READING, ...detectors.map(({ detector }) => detector)];
  return known.find((detector) => detector.id === id)?.runbook ?? [];
}

function logPoll(
  logger: Logger,
  { read, assessed }: PollReport,
  run: { requests: number; throttled: number; startedAt: string; endedAt: string },
  isNeeded: boolean,
): void {
  const fields = {
    run: 'poll',
    source: read.source,
    window: read.window,
    rows: read.rows,
    kept: read.kept,
    malformed: read.malformed,
    tooOld: read.tooOld,
    requests: run.requests,
    throttled: run.throttled,
    findings: assessed.changes.length,
    alerts: assessed.changes.filter((change) => change.alert !== undefined).length,
    left: assessed.left,
    ...(assessed.stopped !== undefined && { leftBy: assessed.stopped }),
    ms: Date.parse(run.endedAt) - Date.parse(run.startedAt),
  };
  if (read.stopped instanceof SourceError) {
    const { failure, message, remedy } = read.stopped;
    const why = { error: message, remedy, unfinished: read.unfinished };
    if (isNeeded) {
      logger.error({ ...fields, failure, ...why }, 'log could not be read to its end');
    } else {
      // Nobody is woken for rows that only sharpen findings: the alert rules look for a trouble.
      logger.warn({ ...fields, ...why }, 'log that sharpens findings could not be read to its end');
    }
  } else {
    logger.info({ ...fields, stopped: read.stopped, unfinished: read.unfinished }, 'log read');
  }
  logAssessed(logger, assessed);
}

/** What is wrong with our own clock, or was. */
function logTime(logger: Logger, { source, clockAheadBy, cutBack }: PollReport['read']): void {
  if (clockAheadBy !== undefined) {
    logger.warn({ run: 'watch', source }, 'the clock of this machine is wrong');
  }
  if (cutBack !== undefined) {
    logger.error({ run: 'watch', source, ...cutBack }, 'coverage ended in the future');
  }
}

/** What is wrong with the watch itself. */
function logAssessed(logger: Logger, { changes, faults }: AssessReport): void {
  for (const { finding } of changes.filter((each) => each.finding.detector === LOG_READING.id)) {
    logger.warn({ run: 'watch', finding: finding.id, status: finding.status }, finding.title);
  }
  for (const { timeline, error } of faults) {
    const { detector, id } = timeline;
    const fields = { run: 'watch', failure: 'not-judged', detector, timeline: id };
    logger.error({ ...fields, error: error.message }, 'detector failed');
  }
}

/** What the detectors look for, in words; of those that alert nobody that is said. */
function titlesOf(configured: readonly ConfiguredDetector[]): readonly string[] {
  return configured.map(
    ({ detector, stage }) => `${detector.title}${stage === 'watch' ? ' (recorded only)' : ''}`,
  );
}

/** What the absences rest on that the enabled detectors conclude. */
function neededFeeds(configured: readonly ConfiguredDetector[]): readonly Feed[] {
  const detectors = configured.map(({ detector }) => detector);
  return SOURCES.flatMap((source) => feedsFor(detectors, source)).filter(
    ({ neededBy }) => neededBy.length > 0,
  );
}

/** The logs that Graph is asked for, be it only to sharpen findings. */
export function askedSources(detectors: readonly ConfiguredDetector[]): readonly Source[] {
  return SOURCES.filter((source) => detectors.some(({ detector }) => asksSource(detector, source)));
}

/** The logs that absences rest on which the enabled detectors conclude. */
export function neededSources(detectors: readonly ConfiguredDetector[]): readonly Source[] {
  return SOURCES.filter((source) =>
    detectors.some(({ detector }) => needsSource(detector, source)),
  );
}
