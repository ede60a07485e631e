import type { ConfiguredDetector } from '../domain/detector';
import { plainText } from '../domain/plain-text';
import { SOURCES } from '../domain/record';
import type { Instant } from '../domain/time';
import { json, type Answer } from './answer';
import type { Health } from './health';
import type { Outbox, OutboxRow, Stores } from './ports';

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

/** Answers `GET /api/status`: what lies behind health, for people who have a role. */
export async function answerStatus(
  stores: Pick<Stores, 'coverage' | 'outbox'>,
  health: Health,
  detectors: readonly ConfiguredDetector[],
  about: About,
): Promise<Answer> {
  const { version, node, tenantId, settings, now } = about;
  const { outbox } = stores;
  return json({
    ...{
      now,
      tenantId,
      status: health.status,
      problems: health.problems.map((each) => plainText(each)),
    },
    versions: {
      ...{ crosscheck: version, node },
      detectors: Object.fromEntries(
        detectors.map(({ detector: { id, version } }) => [id, version]),
      ),
    },
    sources: await sources(stores, health),
    detectors: detectors.map(({ detector, stage }) => ({
      ...{ id: detector.id, version: detector.version, title: detector.title, stage },
      needs: detector.needs,
    })),
    alerts: {
      ...health.alerts,
      unsaid: [
        ...(await unsaid(outbox, 'dead')),
        ...(await unsaid(outbox, 'not-configured')),
      ].slice(0, MOST_ALERTS),
    },
    settings,
  });
}

async function sources(
  { coverage }: Pick<Stores, 'coverage'>,
  health: Health,
): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const source of SOURCES) {
    const known = health.sources.find((each) => each.source === source);
    const head = known && (await coverage.head(source));
    if (known !== undefined) {
      const { journal, trouble, droppedFilter, backfill, byDetector = {} } = head ?? {};
      all.push({
        ...known,
        ...(journal !== undefined && { journal }),
        ...(trouble !== undefined && { trouble }),
        ...(droppedFilter !== undefined && { droppedFilter }),
        ...(backfill !== undefined && { backfill }),
        coverage: byDetector,
      });
    }
  }
  return all;
}

async function unsaid(
  outbox: Outbox,
  state: 'dead' | 'not-configured',
): Promise<readonly unknown[]> {
  const ids = await outbox.unsaid(state, MOST_ALERTS);
  const rows = await Promise.all(ids.map((id) => outbox.read(id)));
  return rows
    .filter((row): row is OutboxRow => row?.state === state)
    .map((row) => ({
      ...{ id: row.alert.id, findingId: row.alert.findingId, verb: row.alert.verb, state },
      ...{ createdAt: row.createdAt, attempts: row.attempts },
      ...(row.lastError !== undefined && { lastError: plainText(row.lastError) }),
    }));
}
