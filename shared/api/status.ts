import { lastErrorOf } from '../domain/findings/delivery';
import type { ConfiguredDetector } from '../domain/detector';
import { feedName, sourcesOf, type Property } from '../domain/reading/feed';
import type { FeedState } from '../domain/reading/journal';
import { pick } from '../domain/pick';
import { plainText } from '../domain/text';
import { coverageOf, feedsIn, unread } from '../domain/reading/source-state';
import type { Health } from '../pipeline/queries/health';
import { UnreadableRowError } from '../pipeline/ports/unreadable-row';
import type { Outbox, Undelivered } from '../pipeline/ports/outbox';
import type { Stores } from '../pipeline/ports/stores';
import { endpoint, type ApiMonitor } from './endpoint';
import { noQuery } from './requests';
import { statusReport, type Body } from './responses';

/** What lies behind health, for people who have a role. */
export type Status = Body<typeof statusReport>;

type SourceStatus = Status['sources'][number];
type UndeliveredAlert = Status['alerts']['undelivered'][number];

const MAX_ALERTS = 50;

/** `GET /api/status`. */
export const getStatus = endpoint({
  summary: 'What lies behind health: sources, coverage, alerts, versions, settings',
  takes: { query: noQuery },
  response: statusReport,
  handle: async (_input, { monitor }) => ({ value: await statusOf(monitor) }),
});

/** What the stores and the settings say of the watch. */
export async function statusOf({
  stores,
  config: { tenantId, shown, detectors },
  ...monitor
}: {
  readonly stores: Pick<Stores, 'coverage' | 'outbox'>;
  readonly config: Omit<ApiMonitor['config'], 'access'>;
} & Pick<ApiMonitor, 'clock' | 'version' | 'health'>): Promise<Status> {
  const { outbox } = stores;
  const health = await monitor.health();
  return {
    ...{ now: monitor.clock.now(), tenantId, status: health.status },
    problems: health.problems.map((each) => plainText(each)),
    counts: health.counts,
    versions: {
      ...{ crosscheck: monitor.version, node: process.version },
      detectors: Object.fromEntries(
        detectors.map(({ detector: { id, version } }) => [id, version]),
      ),
    },
    sources: await sources(stores, health, detectors),
    detectors: detectors.map(({ detector, stage }) => ({
      ...{ id: detector.id, version: detector.version, title: detector.title, stage },
      needs: sourcesOf(detector.needs),
      feeds: detector.needs.map(({ source, property }) => `${source} ${feedName(property)}`),
    })),
    alerts: {
      ...health.alerts,
      channels: health.channels,
      undelivered: [
        ...(await undelivered(outbox, 'dead')),
        ...(await undelivered(outbox, 'not-configured')),
      ].slice(0, MAX_ALERTS),
    },
    unreadableRows: health.unreadableRows,
    settings: shown,
  };
}

async function sources(
  { coverage }: Pick<Stores, 'coverage'>,
  health: Health,
  detectors: readonly ConfiguredDetector[],
): Promise<readonly SourceStatus[]> {
  const reading = await coverage.reading();
  return health.sources.map((known) => {
    const { source } = known;
    const state = reading[source] ?? unread(source);
    const concerned = detectors.flatMap(({ detector }) => {
      const covered = coverageOf(detector, reading)[source];
      return covered === undefined ? [] : [[detector.id, covered] as const];
    });
    return {
      ...known,
      coverage: Object.fromEntries(concerned),
      ...(state.dayFailure !== undefined && { dayFailure: state.dayFailure }),
      feeds: feedsIn({ ...state, feeds: state.damaged?.readable ?? state.feeds }).map(
        ([property, feed]) => feedStatus(property, feed),
      ),
    };
  });
}

function feedStatus(property: Property, feed: FeedState): SourceStatus['feeds'][number] {
  return {
    ...{ property, name: feedName(property) },
    ...pick(feed, ['journal', 'failure', 'droppedFilter', 'backfill']),
  };
}

async function undelivered(
  outbox: Outbox,
  state: 'dead' | 'not-configured',
): Promise<readonly UndeliveredAlert[]> {
  const found = await outbox.undelivered(state, MAX_ALERTS);
  const rows = await Promise.all(found.map((each) => undeliveredOf(outbox, state, each)));
  return rows.flat();
}

async function undeliveredOf(
  outbox: Outbox,
  state: 'dead' | 'not-configured',
  { alertId: id, channel }: Undelivered,
): Promise<readonly UndeliveredAlert[]> {
  const findingId = id.slice(0, id.lastIndexOf('-'));
  try {
    const row = (await outbox.read(id)).find((each) => each.channel === channel);
    const lastError = row && lastErrorOf(row);
    return row?.state !== state
      ? []
      : [
          {
            ...{ id, channel, state },
            ...(row.alert.form !== 'notice' && { findingId, verb: row.alert.verb }),
            ...{ createdAt: row.createdAt, attempts: row.attempts },
            ...(lastError !== undefined && { lastError: plainText(lastError) }),
            refusals: row.refusals.map((each) => ({ ...each, reason: plainText(each.reason) })),
          },
        ];
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      return [{ ...{ id, channel, findingId, state }, lastError: error.message }];
    }
    throw error;
  }
}
