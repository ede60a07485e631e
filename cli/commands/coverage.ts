import { DAY, HOUR, MINUTE, SECOND, toMinute, type Duration } from '../../shared/domain/time';
import type {
  CoverageReport,
  FeedCoverage,
  SourceCoverage,
  UnreadableRows,
} from '../../shared/pipeline/queries/coverage-report';
import { checkFormat, EXIT } from '../exit';
import { count, heading } from '../finding-text';
import { answer, printable, table, wrap, type Terminal } from '../print';
import { rowText } from './quarantine';
import { readRange } from '../range';
import { openMonitor, type World } from '../stores';

export interface CoverageOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/**
 * `crosscheck coverage`: what was read of each log, what was read again, and what was not read and why.
 * @throws UsageError, ConfigError
 */
export async function coverageCommand(options: CoverageOptions, world: World): Promise<number> {
  const { terminal } = world;
  checkFormat(options);
  const range = readRange(options);
  const monitor = await openMonitor(world);
  const report = await monitor.coverage(range);
  answer(terminal, options, report, () =>
    options.csv === true ? toCsv(report) : toText(report, terminal),
  );
  const isWhole = report.sources.every(({ unreadable }) => unreadable === undefined);
  if (!isWhole && (options.json === true || options.csv === true)) {
    terminal.err(unreadableText(report.sources, ''));
  }
  return isWhole ? EXIT.done : EXIT.failed;
}

function unreadableText(sources: CoverageReport['sources'], indent: string): string {
  return sources
    .flatMap(({ source, unreadable = [] }) => unreadable.map((part) => `${source}: ${part}`))
    .map((part) =>
      wrap(
        `${part}: cannot be told, its stored row cannot be read. Rebuild it with: crosscheck repair`,
        indent,
      ),
    )
    .join('');
}

const UNITS = [
  [DAY, 'd', HOUR, 'h'],
  [HOUR, 'h', MINUTE, 'min'],
  [MINUTE, 'min', SECOND, 's'],
] as const;

/** A measured duration as people say it, in its two largest units: `3 h 2 min`, `12.5 s`. */
export function lasting(ms: Duration): string {
  for (const [unit, name, part, partName] of UNITS) {
    const parts = Math.round(ms / part);
    const whole = Math.floor((parts * part) / unit);
    if (whole > 0) {
      const rest = parts - (whole * unit) / part;
      return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${partName}`;
    }
  }
  return `${Math.round(ms / (SECOND / 10)) / 10} s`;
}

// Only our own words and times: nothing in it comes from a log.
function toCsv({ sources }: CoverageReport): string {
  const rows = sources.flatMap(({ source, stretches }) =>
    stretches.map((each) => [source, each.from, each.to, each.state, each.why ?? '']),
  );
  return [['source', 'from', 'to', 'state', 'why'], ...rows]
    .map((row) => `${row.join(',')}\r\n`)
    .join('');
}

const WHY = {
  'not-read': 'nobody read it for these detectors',
  retention: 'the log had dropped it',
  unreadable: 'it could not be read for a day',
  filter: 'it was read with a filter that hides rows',
  'row-unreadable': 'a row of it could not be read',
} as const;

function toText(report: CoverageReport, terminal: Terminal): string {
  if (report.sources.length === 0) {
    return 'No log was ever read. "crosscheck poll --once" reads them now.\n';
  }
  return (
    report.sources.map((source) => sourceText(source, terminal)).join('\n') +
    rowsText(report.unreadableRows, terminal)
  );
}

function rowsText({ open, accepted, others }: UnreadableRows, terminal: Terminal): string {
  return open.length + accepted.length + others === 0
    ? ''
    : `\n${heading(terminal, 'Rows that could not be read')}` +
        open.map((row) => wrap(rowText(row), '  ')).join('') +
        accepted.map((row) => wrap(rowText(row), '  ')).join('') +
        (others === 0 ? '' : `  ${count(others, 'row')} of unknown or unneeded kind, no gap\n`) +
        (open.length === 0 ? '' : '  "crosscheck quarantine" tells more of them\n');
}

function sourceText(of: SourceCoverage, terminal: Terminal): string {
  const { source, stretches, feeds, detectors, unreadable } = of;
  const isSeveral = feeds.length + (unreadable?.length ?? 0) > 1;
  return [
    heading(terminal, source),
    stretches.length === 0
      ? unreadable === undefined
        ? '  nothing in this range\n'
        : '  as a whole: cannot be told\n'
      : table([
          ['  from', 'to', 'how', ''],
          ...stretches.map((each) => [
            `  ${toMinute(each.from)}`,
            toMinute(each.to),
            each.state,
            each.why === undefined ? '' : WHY[each.why],
          ]),
        ]),
    unreadableText([of], '  '),
    ...feeds.map((feed) => feedText(feed, isSeveral)),
    ...Object.entries(detectors).map(([id, { from, gaps }]) =>
      wrap(
        `${id} knows it from ${toMinute(from)}${gaps.length === 0 ? '' : ` but for ${gaps.map((gap) => `${toMinute(gap.from)} to ${toMinute(gap.to)} (${WHY[gap.why]})`).join(', ')}`}`,
        '  ',
      ),
    ),
  ].join('');
}

/** @param isOneOfSeveral then each line says which feed it is about. */
function feedText(of: FeedCoverage, isOneOfSeveral: boolean): string {
  const { name, isOptional, completeTo, lateness, lag, failure, filter, backfill } = of;
  const line = (text: string): string => wrap(isOneOfSeveral ? `${name}: ${text}` : text, '  ');
  const late =
    lateness === undefined
      ? 'not measured yet'
      : `p50 ${lasting(lateness.p50)}, p95 ${lasting(lateness.p95)}, p99.9 ${lasting(lateness.p999)}, ` +
        `max ${lasting(lateness.max)} (${lateness.measured.toLocaleString('en')} rows measured)`;
  const complete = completeTo === undefined ? 'never read' : `complete to ${toMinute(completeTo)}`;
  return [
    isOneOfSeveral ? line(`${complete}${isOptional ? '; nothing waits for it' : ''}`) : '',
    `  ${isOneOfSeveral ? `${name}: ` : ''}rows are late: ${late}; complete up to ${lasting(lag)} ago\n`,
    filter === undefined
      ? ''
      : line(
          `read without a filter since ${toMinute(filter.at)}: ${filter.dropped === 'rejected' ? 'Graph rejects it' : 'it hides rows'}`,
        ),
    backfill === undefined
      ? ''
      : line(
          `backfill of ${toMinute(backfill.from)} to ${toMinute(backfill.to)} has come to ${toMinute(backfill.at)}`,
        ),
    failure === undefined
      ? ''
      : line(
          `cannot be read since ${toMinute(failure.since)}: ${printable(failure.message)}. ${printable(failure.remedy)}`,
        ),
  ].join('');
}
