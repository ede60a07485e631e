import { table } from '../../cli/print';
import { MINUTE } from '../../shared/domain/time';
import type { Reading } from './readers';
import { CONTESTANT_NAMES, type ContestantName, type Figures, type Scenario } from './simulate';

/** The figures of every contestant in the same world. */
export type Round = Readonly<Record<ContestantName, Figures>>;

/** At most so many requests as the plain watermark poll makes, at 20,000 sign-ins a day. */
export const MOST_RATIO = 1.4;

/** How many requests Crosscheck makes for each of the plain watermark poll. */
export function ratioOf(round: Round, name: ContestantName = 'crosscheck'): number {
  return round[name].requests / round.watermark.requests;
}

/** Averages over the seeds, with the least and the most. */
export function roundTable(rounds: readonly Round[], signInsPerDay: number): string {
  const heading = [
    ...['', 'lost', 'lost, %', 'signals lost', 'double', 'signals double'],
    ...['requests', 'x watermark', 'p50, min', 'p95, min'],
  ];
  const rows = CONTESTANT_NAMES.map((name) => {
    const each = (figure: (round: Round) => number, digits: number): string =>
      spread(rounds.map(figure), digits);
    return [
      name,
      each((round) => round[name].lost, 0),
      each((round) => (100 * round[name].lost) / signInsPerDay, 2),
      each((round) => round[name].lostSignals, 0),
      each((round) => round[name].double, 0),
      each((round) => round[name].doubleSignals, 0),
      each((round) => round[name].requests, 0),
      each((round) => ratioOf(round, name), 2),
      each((round) => round[name].p50 / MINUTE, 1),
      each((round) => round[name].p95 / MINUTE, 1),
    ];
  });
  return table([heading, ...rows]);
}

function spread(values: readonly number[], digits: number): string {
  const text = (value: number): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [least, most] = [text(Math.min(...values)), text(Math.max(...values))];
  return least === most ? least : `${text(average)} (${least}–${most})`;
}

/** What Crosscheck promises and did not keep: a sentence each. */
export function missesOf(scenario: Scenario, seed: number, round: Round): string[] {
  const ratio = ratioOf(round);
  const misses = lossesOf(round.crosscheck);
  // After an outage the watermark poll is cheap because it drops every page that fails and what lies behind it.
  if (scenario === 'steady' && ratio > MOST_RATIO) {
    misses.push(`${ratio.toFixed(2)} times the requests of the watermark poll, not ${MOST_RATIO}`);
  }
  return misses.map((miss) => `${scenario}, seed ${seed}: ${miss}`);
}

/** Sign-ins and signals that are missing or count twice; all sign-ins are asked about only if all are kept. */
export function lossesOf(figures: Figures, reading: Reading = 'everything'): string[] {
  const counts = {
    'sign-ins lost': reading === 'everything' ? figures.lost : 0,
    'signals lost': figures.lostSignals,
    'sign-ins double': figures.double,
    'signals double': figures.doubleSignals,
  };
  return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : []));
}

/** One volume of the curve. */
export interface Point {
  readonly signInsPerDay: number;
  readonly reading: Exclude<Reading, 'everything'>;
  readonly round: Pick<Round, 'crosscheck' | 'watermark'>;
}

const ASKED_FOR = {
  signals: 'all',
  filtered: 'ActiveSync',
  feeds: 'ActiveSync; codes',
} as const satisfies Record<Point['reading'], string>;

/** How requests, latency and traffic grow with the volume; bytes at the width of whole rows. */
export function curveTable(points: readonly Point[], bytesPerRow: number): string {
  const heading = [
    ...['a day', 'asked for', 'requests', 'watermark', 'x watermark', 'p50, min', 'p95, min'],
    ...['rows', 'MB'],
  ];
  const rows = points.map(({ signInsPerDay, reading, round: { crosscheck, watermark } }) => [
    signInsPerDay.toLocaleString('en'),
    ASKED_FOR[reading],
    crosscheck.requests.toLocaleString('en'),
    watermark.requests.toLocaleString('en'),
    (crosscheck.requests / watermark.requests).toFixed(2),
    (crosscheck.p50 / MINUTE).toFixed(1),
    (crosscheck.p95 / MINUTE).toFixed(1),
    crosscheck.rows.toLocaleString('en'),
    Math.round((crosscheck.rows * bytesPerRow) / 1e6).toLocaleString('en'),
  ]);
  return table([heading, ...rows]);
}
