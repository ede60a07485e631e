import type { Random } from '../../cli/demo-tenant/random';
import type { DemoRow, GraphRow, Stamp } from '../../cli/demo-tenant/rows';
import { REGISTER } from '../../shared/sources';
import {
  DAY,
  HOUR,
  MINUTE,
  plus,
  SECOND,
  toInstant,
  type Duration,
  type Instant,
} from '../../shared/domain/time';

/** A row that may be replaced by a later version of itself. */
export interface ArrivingRow extends DemoRow {
  readonly until?: Instant;
}

/** `hard`: clocks differ, fields are missing, ids stand for names, people are renamed, rows come days late. */
export type Mode = 'easy' | 'hard';

interface Step {
  readonly share: number;
  readonly within: Duration;
}

/** So many rows show within so long, after the stretch of the line before. */
const LATENESS: Readonly<Record<Mode, readonly Step[]>> = {
  easy: [
    { share: 0.95, within: 2 * MINUTE },
    { share: 0.04, within: 15 * MINUTE },
    { share: 0.0095, within: 3 * HOUR },
    { share: 0.0005, within: 48 * HOUR },
  ],
  hard: [
    { share: 0.9, within: 2 * MINUTE },
    { share: 0.07, within: 15 * MINUTE },
    { share: 0.027, within: 3 * HOUR },
    { share: 0.0025, within: 48 * HOUR },
    { share: 0.0005, within: 5 * DAY },
  ],
};

/** How much later than it happened a row can be read. */
export function lateStamp(at: Instant, random: Random, mode: Mode): Stamp {
  const [chance, part] = [random.next(), random.next()];
  let [share, from] = [0, SECOND];
  for (const step of LATENESS[mode]) {
    share += step.share;
    if (chance < share) {
      return { at, visibleAt: plus(at, from + part * (step.within - from)), random };
    }
    from = step.within;
  }
  return { at, visibleAt: plus(at, from), random };
}

const SHARES = { twice: 0.01, republished: 0.02 };

/**
 * How a row arrives: once, mostly; twice, under the same id; or first without what is known later only, and republished
 * with it.
 */
export function arrivals(row: DemoRow, random: Random, mode: Mode): readonly ArrivingRow[] {
  const chance = random.next();
  const again = plus(row.visibleAt, MINUTE + random.next() * 2 * HOUR);
  const told = mode === 'hard' ? harden(row, random) : row;
  if (chance < SHARES.twice) {
    return [told, { ...told, visibleAt: again }];
  }
  if (chance < SHARES.twice + SHARES.republished && row.source === 'signIns') {
    return [
      { ...told, json: unfinished(told.json), until: again },
      { ...told, visibleAt: again },
    ];
  }
  return [told];
}

/** A sign-in as it is published before its policies and its place are known. */
function unfinished(json: GraphRow): GraphRow {
  return { ...json, appliedConditionalAccessPolicies: null, riskDetail: 'hidden' };
}

// ------------------------------------------------------------------------------------------------------ the hard mode

const SKEW = 2 * MINUTE; // from the one that is ahead to the one that is behind
const MISSING: Readonly<Record<DemoRow['source'], readonly string[]>> = {
  signIns: [
    'appliedConditionalAccessPolicies',
    'deviceDetail',
    'location',
    'ipAddress',
    'userAgent',
    'userDisplayName',
  ],
  directoryAudits: [
    'additionalDetails',
    'operationType',
    'loggedByService',
    'category',
    'resultReason',
    'result',
  ],
};
const HARD = { missing: 0.1, idForName: 0.1 };
/** One person in so many is renamed, some day of the two months after this one. */
const RENAMED = { oneIn: 15, from: toInstant('2026-03-02T12:00:00Z'), within: 60 };
const ADDRESS = /([a-z]+\.[a-z]+\.(\d+))@example\.com/g;

function harden(row: DemoRow, random: Random): DemoRow {
  const at = plus(row.at, (random.next() - 0.5) * SKEW);
  const isWithout = random.next() < HARD.missing;
  const without = random.pick(MISSING[row.source]);
  const isById = random.next() < HARD.idForName;
  const json: GraphRow = {
    ...renamed(row.json, at),
    [REGISTER[row.source].time]: at,
    ...(isWithout && { [without]: null }),
    ...(isById && row.source === 'signIns' && { userPrincipalName: row.json['userId'] }),
  };
  return { ...row, at, visibleAt: at > row.visibleAt ? at : row.visibleAt, json };
}

/** The address is another one from some day on; the id stays. */
function renamed(json: GraphRow, at: Instant): GraphRow {
  const before = JSON.stringify(json);
  const after = before.replace(ADDRESS, (address, name: string, digits: string) => {
    const number = Number(digits);
    const isRenamed =
      number % RENAMED.oneIn === 0 &&
      at >= plus(RENAMED.from, ((number * 7) % RENAMED.within) * DAY);
    return isRenamed ? `new.${name}@example.com` : address;
  });
  return after === before ? json : (JSON.parse(after) as GraphRow);
}
