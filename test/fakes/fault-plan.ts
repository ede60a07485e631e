import fc from 'fast-check';
import { createDemoTenant, type KnownTruth } from '../../cli/demo-tenant/demo-tenant';
import type { DemoRow } from '../../cli/demo-tenant/rows';
import { STORY_NAMES, type StoryName } from '../../cli/demo-tenant/stories';
import { DETECTORS } from '../../shared/detectors/index';
import type { Log } from '../../shared/domain/record';
import {
  DAY,
  earliest,
  HOUR,
  latest,
  MINUTE,
  plus,
  startOfDay,
  toInstant,
  type Instant,
} from '../../shared/domain/time';
import type { Wanted } from '../../shared/pipeline/ports/record-source';
import { wantedBy } from '../../shared/pipeline/findings/select';
import type { WrongTime } from './clock';
import { STORAGE_FAULT_KINDS, type StorageFault } from './faulty-tables';
import { FAULT_KINDS, type Fault, type FaultKind, type Lie, type PlannedRow } from './faulty-graph';
import { LOGS } from '../../shared/sources';

/** All times are minutes since the first poll. */
export interface FaultPlan {
  /** Which people, and what they do all day. */
  readonly seed: number;
  /** So long things go wrong. */
  readonly hours: number;
  readonly pageSize: number;
  readonly stories: readonly {
    readonly name: StoryName;
    readonly at: number;
    readonly late: number;
  }[];
  /** Single rows that a detector looks at: which show late, and which show with less in them at first. */
  readonly late: readonly PlannedDelay[];
  readonly poor: readonly PlannedDelay[];
  /** Which cannot be read at first. */
  readonly spoilt: readonly PlannedDelay[];
  /** Nobody polls: single polls that fail to start, and outages. */
  readonly down: readonly { readonly at: number; readonly minutes: number }[];
  readonly faults: readonly {
    readonly kind: FaultKind;
    readonly source: Log;
    readonly at: number;
    readonly requests: number;
  }[];
  /** Single writes to the tables that go wrong, by their number. */
  readonly storage: readonly StorageFault[];
  /** So much our clock is ahead, or behind when negative, for a while: it jumps there and back. */
  readonly clocks: readonly {
    readonly at: number;
    readonly minutes: number;
    readonly aheadBy: number;
  }[];
  /** A filter that hides rows: for a while, or for good. */
  readonly lies: readonly {
    readonly source: Log;
    readonly at: number;
    readonly minutes?: number;
  }[];
}

interface PlannedDelay {
  readonly row: number;
  readonly minutes: number;
}

/** When the first poll of every plan is. */
export const BEGAN = toInstant('2026-03-02T12:00:00Z');
export const CADENCE = 5;
/** Nothing that matters happens before, so that a first read that comes hours late still reaches it. */
const OLDEST_STORY = -10 * 60;

/** Most plans have more. */
const MOST_WRITES = 400;

/** Enough of it to be in the way, and little enough for hundreds of plans. */
const ROUTINE = 5 * HOUR;

const source = fc.constantFrom(...LOGS);
const delay = fc.record({
  row: fc.nat(200),
  minutes: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 5, max: 180 }) },
    { weight: 1, arbitrary: fc.integer({ min: 181, max: 40 * 60 }) },
  ),
});

/** The most of it: what is waited for in real time must be less. */
export interface Measure {
  readonly hours: number;
  /** That one fault lasts for. */
  readonly requests: number;
}

/** Plans of some hours of faults; after them Graph is healthy until everything has been read again. */
export function faultPlans(most: Measure = { hours: 5, requests: 40 }): fc.Arbitrary<FaultPlan> {
  return fc.integer({ min: 1, max: most.hours }).chain((hours) => {
    const at = fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 0, max: hours * 60 }) },
      { weight: 1, arbitrary: fc.constant(0) }, // the first read is the one that nothing repeats
    );
    return fc.record({
      seed: fc.nat(20),
      hours: fc.constant(hours),
      pageSize: fc.constantFrom(999, 999, 40, 5),
      stories: fc.array(
        fc.record({
          name: fc.constantFrom(...STORY_NAMES),
          at: fc.integer({ min: OLDEST_STORY, max: hours * 60 }),
          late: fc.oneof(fc.constant(0), fc.integer({ min: 5, max: 180 })),
        }),
        { maxLength: 8 },
      ),
      late: fc.array(delay, { maxLength: 4 }),
      poor: fc.array(delay, { maxLength: 3 }),
      spoilt: fc.array(delay, { maxLength: 4 }),
      down: fc.array(
        fc.record({
          at,
          minutes: fc.oneof(
            { weight: 3, arbitrary: fc.constant(CADENCE) },
            { weight: 1, arbitrary: fc.integer({ min: 60, max: 300 }) },
          ),
        }),
        { maxLength: 4 },
      ),
      faults: fc.array(
        fc.record({
          kind: fc.constantFrom(...FAULT_KINDS),
          source,
          at,
          requests: fc.oneof(
            { weight: 4, arbitrary: fc.integer({ min: 1, max: Math.min(6, most.requests) }) },
            { weight: 1, arbitrary: fc.integer({ min: 1, max: most.requests }) },
          ),
        }),
        { maxLength: 12 },
      ),
      storage: fc.array(
        fc.record({ kind: fc.constantFrom(...STORAGE_FAULT_KINDS), write: fc.nat(MOST_WRITES) }),
        { maxLength: 6 },
      ),
      clocks: fc.array(
        fc.record({
          at,
          minutes: fc.integer({ min: CADENCE, max: hours * 60 }),
          aheadBy: fc.oneof(
            fc.integer({ min: -180, max: 180 }),
            fc.constantFrom(-45 * 24 * 60, -26 * 60, 26 * 60, 45 * 24 * 60),
          ),
        }),
        { maxLength: 2 },
      ),
      lies: fc.array(
        fc.oneof(
          fc.record({ source, at, minutes: fc.integer({ min: 5, max: 360 }) }),
          fc.record({ source, at }),
        ),
        { maxLength: 1 },
      ),
    });
  });
}

/** A plan, worked out: what there is to be read, what goes wrong, and when it is asked. */
export interface Laid {
  readonly rows: readonly PlannedRow[];
  /** What the stories come to once everything can be read. */
  readonly truth: readonly KnownTruth[];
  readonly faults: readonly Fault[];
  readonly lies: readonly Lie[];
  readonly clocks: readonly WrongTime[];
  readonly storage: readonly StorageFault[];
  readonly healthyFrom: Instant;
  readonly pageSize: number;
  readonly polls: readonly Instant[];
  /** The last poll. */
  readonly end: Instant;
}

export function lay(plan: FaultPlan, calm: readonly CalmStretch[] = CALM): Laid {
  const tenant = createDemoTenant({
    ...{ tenantId: 'demo', now: () => BEGAN, seed: `${plan.seed}`, past: ROUTINE },
  });
  for (const { name, at, late } of plan.stories) {
    // What is completed late is completed when it shows: long after the grace.
    const shown = name === 'completed-late' ? at + late + 4 * 60 : at + late;
    tenant.addStory(name, atMinute(at), atMinute(shown));
  }
  const rows = delayed(tenant.rows.toSorted(byTime), plan);
  const healthyFrom = atMinute(plan.hours * 60);
  // The re-read of a whole day comes two days after it closed.
  const lastRow = latest(healthyFrom, ...rows.map((row) => row.at));
  const end = plus(startOfDay(lastRow), 3 * DAY + 4 * HOUR);
  return {
    rows,
    end,
    healthyFrom,
    pageSize: plan.pageSize,
    truth: tenant.truth(end),
    faults: plan.faults.map(({ at, ...fault }) => ({ ...fault, from: atMinute(at) })),
    storage: plan.storage,
    clocks: plan.clocks.map(({ at, minutes, aheadBy }) => ({
      from: atMinute(at),
      to: earliest(atMinute(at + minutes), healthyFrom),
      aheadBy: aheadBy * MINUTE,
    })),
    lies: plan.lies.map(({ source: of, at, minutes }) => ({
      source: of,
      from: atMinute(at),
      to: minutes === undefined ? plus(end, DAY) : atMinute(at + minutes),
    })),
    polls: [...pollTimes(plan, calm, end), end],
  };
}

/** After the faults the polls go on: so many of them, so many minutes apart; the last stretch lasts to the end. */
export interface CalmStretch {
  readonly every: number;
  readonly polls: number;
}
const CALM: readonly CalmStretch[] = [
  { every: CADENCE, polls: 6 },
  { every: 30, polls: 4 },
  { every: 60, polls: 6 },
  { every: 240, polls: Infinity },
];

function* pollTimes(
  plan: FaultPlan,
  calm: readonly CalmStretch[],
  end: Instant,
): Generator<Instant> {
  let minute = 0;
  for (; minute < plan.hours * 60; minute += CADENCE) {
    if (!plan.down.some(({ at, minutes }) => minute >= at && minute < at + minutes)) {
      yield atMinute(minute);
    }
  }
  for (const { every, polls } of calm) {
    for (let i = 0; i < polls && atMinute(minute) < end; i++, minute += every) {
      yield atMinute(minute);
    }
  }
}

/** The rows of the tenant, some of those that a detector looks at shown later or completed later. */
function delayed(rows: readonly DemoRow[], plan: FaultPlan): readonly PlannedRow[] {
  const wanted = Object.fromEntries(
    LOGS.map((each) => [each, wantedBy(DETECTORS, each)]),
  ) as Record<Log, Wanted>;
  const planned = rows.map((row) => ({ ...row, completeAt: row.visibleAt, isSpoilt: false }));
  const watched = planned.filter((row) => wanted[row.source].isWanted(row.json));
  for (const { row, minutes } of plan.late) {
    const late = watched[row % watched.length];
    if (late !== undefined) {
      late.visibleAt = latest(late.visibleAt, plus(late.at, minutes * MINUTE));
      late.completeAt = late.visibleAt;
    }
  }
  for (const { row, minutes } of plan.poor) {
    const poor = watched[row % watched.length];
    if (poor !== undefined) {
      poor.completeAt = latest(poor.visibleAt, plus(poor.at, minutes * MINUTE));
    }
  }
  for (const { row, minutes } of plan.spoilt) {
    const spoilt = watched[row % watched.length];
    if (spoilt !== undefined) {
      spoilt.isSpoilt = true;
      spoilt.completeAt = latest(spoilt.visibleAt, plus(spoilt.at, minutes * MINUTE));
    }
  }
  return planned;
}

function byTime(a: DemoRow, b: DemoRow): number {
  return a.at !== b.at ? (a.at < b.at ? -1 : 1) : a.id < b.id ? -1 : 1;
}

function atMinute(minute: number): Instant {
  return plus(BEGAN, minute * MINUTE);
}
