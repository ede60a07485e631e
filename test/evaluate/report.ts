import { DAY, formatDuration, MINUTE, type Duration } from '../../shared/domain/time';
import type { Mode } from './arrival';
import type { Evaluated } from './evaluate';
import type { Fault, Score } from './score';

/** What was simulated: the seeds one after the other, each a tenant of its own. */
export interface Setup {
  readonly users: number;
  readonly days: number;
  readonly warmUp: number;
  /** On a day that counts, for 1,000 people. */
  readonly storiesPerDay: number;
  readonly seeds: readonly number[];
  readonly mode: Mode;
}

/** The figures of one detector over all seeds. */
export interface Figures {
  readonly detector: string;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly misses: number;
  /** Absent where there was nothing to find, or nothing was found. */
  readonly precision?: number;
  readonly recall?: number;
  readonly alertsPer1000UsersAndWeek: number;
  /** From the event to the alert, in milliseconds. */
  readonly p50?: Duration;
  readonly p95?: Duration;
}

export interface Report {
  readonly setup: Setup;
  readonly figures: readonly Figures[];
  /** False alerts about people of whom no story was told. */
  readonly everydayPer1000UsersAndWeek: number;
  readonly stories: number;
  readonly rows: number;
  readonly requests: number;
  readonly faults: readonly (Fault & { readonly seed: number })[];
}

/** Below these the run fails. */
export interface Bounds {
  readonly precision: number;
  readonly recall: number;
  readonly everyday: number;
}

const WEEK = 7;

/** Adds up what the seeds came to. */
export function reportOf(setup: Setup, runs: readonly Evaluated[]): Report {
  const ids = [...new Set(runs.flatMap(({ scores }) => scores.map((each) => each.detector)))];
  const weeks = (setup.users / 1_000) * (setup.days / WEEK) * runs.length;
  const figures = ids.sort().map((detector) =>
    figuresOf(
      detector,
      runs.flatMap(({ scores }) => scores.filter((each) => each.detector === detector)),
      weeks,
    ),
  );
  const faults = runs.flatMap((run, i) =>
    run.faults.map((fault) => ({ ...fault, seed: setup.seeds[i] ?? 0 })),
  );
  const everyday = faults.filter(
    ({ kind, story }) => kind === 'false alert' && story === undefined,
  );
  return {
    ...{ setup, figures, faults },
    everydayPer1000UsersAndWeek: everyday.length / weeks,
    stories: sum(runs.map((run) => run.stories)),
    rows: sum(runs.map((run) => run.rows)),
    requests: sum(runs.map((run) => run.requests)),
  };
}

function figuresOf(detector: string, scores: readonly Score[], weeks: number): Figures {
  const truePositives = sum(scores.map(({ found }) => found));
  const falsePositives = sum(scores.map((each) => each.falseAlerts + each.falseFindings));
  const misses = sum(scores.map(({ missed }) => missed));
  const delays = scores.flatMap((each) => each.delays).sort((a, b) => a - b);
  const [p50, p95] = [percentile(delays, 0.5), percentile(delays, 0.95)];
  return {
    ...{ detector, truePositives, falsePositives, misses },
    ...(truePositives + falsePositives > 0 && {
      precision: truePositives / (truePositives + falsePositives),
    }),
    ...(truePositives + misses > 0 && { recall: truePositives / (truePositives + misses) }),
    alertsPer1000UsersAndWeek: sum(scores.map(({ alerts }) => alerts)) / weeks,
    ...(p50 !== undefined && { p50 }),
    ...(p95 !== undefined && { p95 }),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** What does not meet the bounds, in sentences. */
export function shortfalls({ figures, ...report }: Report, bounds: Bounds): readonly string[] {
  // A detector of which no story tells has no ratios that mean anything; what it raises by itself is counted below.
  const measured = figures.filter(({ recall }) => recall !== undefined);
  const low = measured.flatMap(({ detector, precision, recall }) => [
    ...(precision !== undefined && precision < bounds.precision
      ? [`${detector}: precision ${ratio(precision)} is below ${ratio(bounds.precision)}`]
      : []),
    ...(recall !== undefined && recall < bounds.recall
      ? [`${detector}: recall ${ratio(recall)} is below ${ratio(bounds.recall)}`]
      : []),
  ]);
  const { everydayPer1000UsersAndWeek: everyday } = report;
  return everyday > bounds.everyday
    ? [
        ...low,
        `everyday life raises ${everyday.toFixed(2)} alerts per 1,000 users and week, above ${bounds.everyday}`,
      ]
    : low;
}

const HEADING = [
  'detector',
  'true positives',
  'false positives',
  'misses',
  'precision',
  'recall',
  'alerts per 1,000 users and week',
  'event to finding, p50',
  'p95',
];

/** A table in Markdown, which reads well in a terminal too. */
export function tableOf({ figures }: Pick<Report, 'figures'>): string {
  const cells = figures.map((each) => [
    each.detector,
    String(each.truePositives),
    String(each.falsePositives),
    String(each.misses),
    ratio(each.precision),
    ratio(each.recall),
    each.alertsPer1000UsersAndWeek.toFixed(1),
    inWords(each.p50),
    inWords(each.p95),
  ]);
  const widths = HEADING.map((heading, i) =>
    Math.max(heading.length, ...cells.map((row) => row[i]?.length ?? 0)),
  );
  const line = (row: readonly string[], pad = ' '): string =>
    `| ${row
      .map((cell, i) =>
        i === 0 ? cell.padEnd(widths[i] ?? 0, pad) : cell.padStart(widths[i] ?? 0, pad),
      )
      .join(' | ')} |`;
  const rule = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(HEADING), line(rule), ...cells.map((row) => line(row))].join('\n');
}

/** What was simulated, in a sentence or two. */
export function setupInWords({ setup, ...report }: Report): string {
  const { users, days, warmUp, seeds } = setup;
  const each = seeds.length === 1 ? '1 seed' : `${seeds.length} seeds`;
  return (
    `${count(users)} users, ${warmUp} days of warm-up and ${days} days that count, ${each} (${seeds.join(', ')}): ` +
    `${count(report.stories)} stories and look-alikes, ${count(report.rows)} rows, ${count(report.requests)} requests. ` +
    `Everyday life without a story raised ${report.everydayPer1000UsersAndWeek.toFixed(2)} alerts per 1,000 users and week.`
  );
}

/** What was wrong, one line each. */
export function faultsInWords({ faults }: Pick<Report, 'faults'>): readonly string[] {
  return faults.map(
    ({ kind, detector, story, message, subject, at, seed }) =>
      `${kind}: ${detector}${message === undefined ? '' : ` (${message})`}, ` +
      `${story === undefined ? 'everyday life' : `story ${story}`}, ${at}, user ${subject}, seed ${seed}`,
  );
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function ratio(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(3);
}

function inWords(value: Duration | undefined): string {
  if (value === undefined) {
    return '-';
  }
  return value >= 2 * DAY
    ? `${(value / DAY).toFixed(1)}d`
    : formatDuration(Math.round(value / MINUTE) * MINUTE);
}
