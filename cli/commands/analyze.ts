import { readExports } from '../../shared/adapters/files/export-source';
import { FileOverflow } from '../../shared/adapters/files/overflow';
import { memoryStores } from '../../shared/adapters/memory/memory-stores';
import { configureDetectors, type Environment } from '../../shared/config/detectors';
import { DETECTORS } from '../../shared/detectors/index';
import { ObservedAt } from '../observed-at';
import type { ConfiguredDetector } from '../../shared/domain/detector';
import type { Finding } from '../../shared/domain/findings/finding';
import { safeJson } from '../../shared/domain/text';
import { causeOf, concerning, inWords } from '../../shared/domain/reading/quarantine';
import { TimeError, toInstant, toMinute, type Instant } from '../../shared/domain/time';
import { analyze, type Analysis } from '../../shared/pipeline/analyze';
import { countText } from '../../shared/pipeline/queries/counts';
import type { IncompleteFile } from '../../shared/pipeline/queries/export-tally';
import type { Now } from '../../shared/pipeline/ports/clock';
import { wantedBy } from '../../shared/pipeline/findings/select';
import { EXIT, UsageError } from '../exit';
import { findingJson } from '../../shared/domain/findings/finding-json';
import { FindingList } from '../finding-list';
import { count, findingText, heading } from '../finding-text';
import { printable, table, wrap, type Terminal } from '../print';
import type { Log } from '../../shared/domain/record';
import type { Wanted } from '../../shared/pipeline/ports/record-source';
import { LOGS, SOURCES } from '../../shared/sources';

export interface AnalyzeOptions {
  readonly asOf?: string;
  readonly completeFrom?: string;
  /** When pages of the directory were read: `FILE=TIME`, or a time for all files. */
  readonly observedAt?: readonly string[];
  readonly json?: boolean;
}

/**
 * `crosscheck analyze`: runs the detectors over exported logs.
 * @returns the exit code.
 * @throws UsageError, ConfigError
 */
export async function analyzeCommand(
  inputs: readonly string[],
  options: AnalyzeOptions,
  world: { readonly terminal: Terminal; readonly environment: Environment; readonly clock: Now },
): Promise<number> {
  const { terminal, environment, clock } = world;
  const { asOf, completeFrom } = readTimes(options);
  const observed = new ObservedAt(options.observedAt ?? []);
  const detectors = configureDetectors(environment, DETECTORS, true);
  const progress = new Progress(terminal, clock);
  const pages = readExports(inputs, {
    wanted: wantedByAll(detectors),
    onBytes: (bytes) => {
      progress.show(bytes);
    },
    // What comes by standard input comes now.
    observedAt: (file) => observed.of(file) ?? (file === '-' ? clock.now() : undefined),
  });
  const overflow = new FileOverflow();
  const findings = new FindingList();
  try {
    const analysis = await analyze(pages, detectors, memoryStores, {
      ...(asOf !== undefined && { asOf }),
      ...(completeFrom !== undefined && { completeFrom }),
      ...{ tenantId: environment['TENANT_ID'] ?? 'export', clock, overflow },
      onFindings: (found) => findings.add(found),
    });
    progress.clear();
    refuseLateBegin(completeFrom, analysis);
    observed.refuseUnused();
    await (options.json === true ? writeJson : writeText)(analysis, findings, terminal);
    return complain(analysis, terminal);
  } finally {
    await Promise.all([overflow.remove(), findings.remove()]);
  }
}

function complain(analysis: Analysis, terminal: Terminal): number {
  const complaints = [
    ...analysis.unreadable,
    ...analysis.incomplete.map(incompleteText),
    ...analysis.faults.map(({ timeline, error }) => `${timeline.subject.id}: ${error.message}`),
  ];
  for (const complaint of complaints) {
    terminal.err(`crosscheck: ${printable(complaint)}\n`);
  }
  return complaints.length > 0 ? EXIT.failed : EXIT.done;
}

function incompleteText({ file, rows, unusable, line, reason }: IncompleteFile): string {
  return `${file}: ${unusable} of ${count(rows, 'row')} could not be used, so the answer may miss something; the first, on line ${line}: ${reason}`;
}

function readTimes(options: AnalyzeOptions): { asOf?: Instant; completeFrom?: Instant } {
  const asOf = readTime('--as-of', options.asOf);
  const completeFrom = readTime('--complete-from', options.completeFrom);
  if (asOf !== undefined && completeFrom !== undefined && completeFrom >= asOf) {
    throw new UsageError('--complete-from must be earlier than --as-of');
  }
  return {
    ...(asOf !== undefined && { asOf }),
    ...(completeFrom !== undefined && { completeFrom }),
  };
}

/** What begins after the last record covers nothing, and nothing could be concluded. */
function refuseLateBegin(completeFrom: Instant | undefined, { read }: Analysis): void {
  const late = LOGS.flatMap((source) => {
    const end = read[source].coverage?.to;
    const isLate = completeFrom !== undefined && end !== undefined && completeFrom >= end;
    return isLate ? [`${source} (${toMinute(end)})`] : [];
  });
  if (late.length > 0) {
    throw new UsageError(
      `--complete-from is later than the newest record of ${late.join(' and of ')}; name an earlier time, or say with --as-of up to when the log is complete`,
    );
  }
}

function readTime(option: string, text: string | undefined): Instant | undefined {
  try {
    return text === undefined ? undefined : toInstant(text);
  } catch (error) {
    if (error instanceof TimeError) {
      throw new UsageError(`${option}: ${error.message}`);
    }
    throw error;
  }
}

function wantedByAll(detectors: readonly ConfiguredDetector[]): Readonly<Record<Log, Wanted>> {
  const enabled = detectors.map((each) => each.detector);
  return Object.fromEntries(LOGS.map((log) => [log, wantedBy(enabled, log)])) as Record<
    Log,
    Wanted
  >;
}

/** One line that is rewritten in place, a few times a second, for whoever watches. */
class Progress {
  readonly #terminal: Terminal;
  readonly #clock: Now;
  #shownAt = '';
  #bytes = 0;

  constructor(terminal: Terminal, clock: Now) {
    this.#terminal = terminal;
    this.#clock = clock;
  }

  show(bytes: number): void {
    this.#bytes += bytes;
    if (!this.#terminal.isInteractive) {
      return;
    }
    const moment = this.#clock.now().slice(0, 21); // tenths of a second
    if (moment !== this.#shownAt) {
      this.#shownAt = moment;
      this.#terminal.err(`\rread ${(this.#bytes / 1e6).toFixed(1)} MB`);
    }
  }

  clear(): void {
    if (this.#shownAt !== '') {
      this.#terminal.err('\r\u001b[K');
    }
  }
}

// ------------------------------------------------------------------------------------------------------- as JSON

function headOf(analysis: Analysis): Record<string, unknown> {
  return {
    asOf: analysis.asOf ?? null,
    read: analysis.read,
    warnings: analysis.warnings,
    counts: analysis.counts,
    unreadable: analysis.unreadable,
    incomplete: analysis.incomplete,
    faults: analysis.faults.map(({ timeline, error }) => ({
      ...{ detector: timeline.detector, subject: timeline.subject, reason: error.message },
    })),
  };
}

/** One object, whose long lists are written item by item: there may be one for each person of a large tenant. */
async function writeJson(
  analysis: Analysis,
  findings: FindingList,
  terminal: Terminal,
): Promise<void> {
  const write = async <T>(
    name: string,
    items: Iterable<T> | AsyncIterable<T>,
    toJson: (item: T) => object,
  ): Promise<void> => {
    terminal.out(`,\n  "${name}": [`);
    let before = '\n';
    for await (const item of items) {
      terminal.out(`${before}    ${safeJson(toJson(item), 2).replaceAll('\n', '\n    ')}`);
      before = ',\n';
      await terminal.flush?.();
    }
    terminal.out(before === '\n' ? ']' : '\n  ]');
  };
  terminal.out(safeJson(headOf(analysis), 2).replace(/\n\}$/, ''));
  await write('pending', analysis.pending, ({ detector, subject, until, what }) => ({
    ...{ detector, subject, until, what, remedy: LATER },
  }));
  await write('undetermined', analysis.undetermined, ({ detector, subject, gap, what }) => ({
    ...{ detector, subject, gap, what, remedy: remedyOf(analysis, { detector, subject, gap }) },
  }));
  await write('gaps', analysis.gaps, ({ source, eventId, reason, gap }) => ({
    ...{ source, eventId, reason, ...gap },
  }));
  await write('findings', findings.all(), findingJson);
  terminal.out('\n}\n');
}

// ------------------------------------------------------------------------------------------------------- as text

/** An export says when its first and last records were, not what it was cut to: that only a person knows. */
const REMEDY =
  'An export is taken to be complete between its oldest and its newest record. If you know that it is complete from an ' +
  'earlier time on, say so with --complete-from TIME, and with --as-of TIME up to when; else export a longer stretch.';

const WHOLE =
  'What would tell may stand in a row that could not be read: export that row again, whole.';

function remedyOf(
  { gaps }: Analysis,
  {
    detector,
    subject,
    gap,
  }: Pick<Analysis['undetermined'][number], 'detector' | 'subject' | 'gap'>,
): string {
  return causeOf(gap, concerning(gaps, detector, subject.id)) === undefined ? REMEDY : WHOLE;
}

const LATER =
  'The log ends too early to tell. If you know that it is complete up to a later time, say so with --as-of TIME.';

async function writeText(
  analysis: Analysis,
  findings: FindingList,
  terminal: Terminal,
): Promise<void> {
  const [alerts, watched] = [findings.countOf('alert'), findings.countOf('watch')];
  terminal.out(
    readText(analysis, terminal) +
      analysis.warnings.map((warning) => wrap(`warning: ${warning}`, '')).join('') +
      analysis.counts.map((each) => wrap(countText(each), '')).join('') +
      `\n${heading(terminal, count(alerts, 'finding'))}` +
      (findings.isInOrder ? '' : wrap('So many are told in no order.', '')),
  );
  await writeFindings('alert', findings, terminal);
  if (watched > 0) {
    terminal.out(`\n${heading(terminal, `${watched} on probation, not alerted`)}`);
    await writeFindings('watch', findings, terminal);
  }
  terminal.out(
    gapsText(analysis.gaps, terminal) +
      waitingText('still inside its grace', analysis.pending, terminal) +
      (analysis.pending.length === 0 ? '' : wrap(LATER, '  ')) +
      waitingText('cannot be told from this log', analysis.undetermined, terminal) +
      [...new Set(analysis.undetermined.map((each) => remedyOf(analysis, each)))]
        .map((remedy) => wrap(remedy, '  '))
        .join(''),
  );
}

async function writeFindings(
  stage: Finding['stage'],
  findings: FindingList,
  terminal: Terminal,
): Promise<void> {
  let before = '';
  for await (const finding of findings.all()) {
    if (finding.stage === stage) {
      terminal.out(before + findingText(finding, terminal));
      before = '\n';
      await terminal.flush?.();
    }
  }
}

function readText({ read, asOf }: Analysis, terminal: Terminal): string {
  const rows = [...SOURCES, 'unrecognised' as const]
    .filter((source) => read[source].records > 0)
    .map((source) => {
      const { records, kept, malformed, coverage } = read[source];
      const covers =
        coverage === undefined
          ? ''
          : `${toMinute(coverage.from)} to ${toMinute(coverage.to)} (${source === 'directoryObjects' ? 'complete rounds' : 'assumed complete'})`;
      return [source, String(records), String(kept), String(malformed), covers];
    });
  if (rows.length === 0) {
    return 'Nothing was read.\n';
  }
  const skipped = Object.values(read).flatMap((each) => each.skipped);
  return [
    heading(terminal, `Read${asOf === undefined ? '' : `, as of ${toMinute(asOf)}`}`),
    table([['source', 'records', 'looked at', 'unusable', 'covers'], ...rows]),
    ...(skipped.length > 0 ? ['\n', heading(terminal, 'Skipped')] : []),
    ...skipped.map(({ file, line, reason, count: times }) =>
      wrap(`${file}:${line}${times > 1 ? ` and ${times - 1} more` : ''}: ${reason}`, '  '),
    ),
  ].join('');
}

function gapsText(gaps: Analysis['gaps'], terminal: Terminal): string {
  return gaps.length === 0
    ? ''
    : `\n${heading(terminal, `${count(gaps.length, 'gap')} of rows that could not be read`)}` +
        wrap('Nothing is concluded over them; export them again, whole.', '  ') +
        gaps
          .map((row) => {
            const { name, id } = row.gap.subject ?? { name: undefined, id: row.source };
            return wrap(`${name ?? id}: ${inWords(row)}; ${row.reason}`, '  ');
          })
          .join('');
}

function waitingText(
  title: string,
  answers: readonly (Analysis['pending'] | Analysis['undetermined'])[number][],
  terminal: Terminal,
): string {
  return answers.length === 0
    ? ''
    : `\n${heading(terminal, `${answers.length} ${title}`)}` +
        answers
          .map(({ detector, subject, what }) =>
            wrap(`${subject.name ?? subject.id}: ${what} (${detector})`, '  '),
          )
          .join('');
}
