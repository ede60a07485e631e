import type { Coverage } from '../domain/coverage';
import { lastErrorOf, type Refusal } from '../domain/delivery';
import type { ConfiguredDetector } from '../domain/detector';
import { feedName, sourcesOf, type Property } from '../domain/feed';
import type { FeedState, TroubleState } from '../domain/journal';
import { plainText } from '../domain/plain-text';
import { coverageOf, feedsIn, unread } from '../domain/source-state';
import type { Instant } from '../domain/time';
import { json, type Answer } from './answer';
import type { Health } from './health';
import { UnreadableRowError, type Outbox, type Stores, type Undelivered } from './ports';

/** What only a deployment knows of itself. */
export interface About {
  readonly version: string;
  readonly node: string;
  readonly tenantId: string;
  /** Name and value as shown: of a secret only whether it is set. */
  readonly settings: readonly {
    readonly name: string;
    readonly value: string;
    readonly isDefault: boolean;
  }[];
  readonly now: Instant;
}

const MOST_ALERTS = 50;

/** What lies behind health, for people who have a role. */
export interface Status {
  readonly now: Instant;
  readonly tenantId: string;
  readonly status: Health['status'];
  readonly problems: readonly string[];
  /** How much of what detectors watch there was in 30 days: neither good nor bad. */
  readonly counts: Health['counts'];
  readonly versions: {
    readonly crosscheck: string;
    readonly node: string;
    readonly detectors: Readonly<Record<string, number>>;
  };
  readonly sources: readonly SourceStatus[];
  readonly detectors: readonly unknown[];
  readonly alerts: Health['alerts'] & {
    readonly channels: Health['channels'];
    readonly unsaid: readonly Unsaid[];
  };
  readonly unreadableRows: Health['unreadableRows'];
  readonly settings: About['settings'];
}

/** A source with its feeds: how far each was read, and what is wrong with it. */
export type SourceStatus = Health['sources'][number] & {
  /** By detector. */
  readonly coverage: Readonly<Record<string, Coverage>>;
  readonly dayTrouble?: TroubleState;
  readonly feeds: readonly FeedStatus[];
};

export type FeedStatus = Pick<FeedState, 'journal' | 'trouble' | 'droppedFilter' | 'backfill'> & {
  readonly property: Property;
  /** As people read it. */
  readonly name: string;
};

/** An alert that nobody was told of over a channel. Of one that cannot be read not more is known than which it is. */
interface Unsaid {
  readonly id: string;
  readonly channel: string;
  readonly findingId: string;
  readonly verb?: string;
  readonly state: string;
  readonly createdAt?: Instant;
  readonly attempts?: number;
  readonly lastError?: string;
  /** The last attempts, the oldest first. */
  readonly refusals?: readonly Refusal[];
}

/** Answers `GET /api/status`. */
export async function answerStatus(...given: Parameters<typeof statusOf>): Promise<Answer> {
  return json(await statusOf(...given));
}

/** What the stores and the settings say of the watch. */
export async function statusOf(
  stores: Pick<Stores, 'coverage' | 'outbox'>,
  health: Health,
  detectors: readonly ConfiguredDetector[],
  about: About,
): Promise<Status> {
  const { version, node, tenantId, settings, now } = about;
  const { outbox } = stores;
  return {
    ...{
      now,
      tenantId,
      status: health.status,
      problems: health.problems.map((each) => plainText(each)),
      counts: health.counts,
    },
    versions: {
      ...{ crosscheck: version, node },
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
      unsaid: [
        ...(await unsaid(outbox, 'dead')),
        ...(await unsaid(outbox, 'not-configured')),
      ].slice(0, MOST_ALERTS),
    },
    unreadableRows: health.unreadableRows,
    settings,
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
      ...(state.dayTrouble !== undefined && { dayTrouble: state.dayTrouble }),
      feeds: feedsIn(state).map(([property, feed]) => feedStatus(property, feed)),
    };
  });
}

function feedStatus(property: Property, feed: FeedState): FeedStatus {
  const { journal, trouble, droppedFilter, backfill } = feed;
  return {
    ...{ property, name: feedName(property) },
    ...(journal !== undefined && { journal }),
    ...(trouble !== undefined && { trouble }),
    ...(droppedFilter !== undefined && { droppedFilter }),
    ...(backfill !== undefined && { backfill }),
  };
}

async function unsaid(
  outbox: Outbox,
  state: 'dead' | 'not-configured',
): Promise<readonly Unsaid[]> {
  const found = await outbox.undelivered(state, MOST_ALERTS);
  const rows = await Promise.all(found.map((each) => unsaidOf(outbox, state, each)));
  return rows.flat();
}

async function unsaidOf(
  outbox: Outbox,
  state: 'dead' | 'not-configured',
  { alertId: id, channel }: Undelivered,
): Promise<readonly Unsaid[]> {
  const findingId = id.slice(0, id.lastIndexOf('-'));
  try {
    const row = (await outbox.read(id)).find((each) => each.channel === channel);
    const lastError = row && lastErrorOf(row);
    return row?.state !== state
      ? []
      : [
          {
            ...{ id, channel, findingId, verb: row.alert.verb, state },
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
