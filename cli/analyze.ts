import { readExports } from '../shared/adapters/files/export-source';
import { listExports, UnreadableFileError } from '../shared/adapters/files/read-file';
import { memoryStores } from '../shared/adapters/memory/memory-stores';
import { configureDetectors, type Environment } from '../shared/config/detectors';
import type { ConfiguredDetector } from '../shared/domain/detector';
import { safeJson } from '../shared/domain/plain-text';
import { SOURCES } from '../shared/domain/record';
import { TimeError, toInstant, toMinute, type Instant } from '../shared/domain/time';
import { analyze, type Analysis } from '../shared/pipeline/analyze';
import type { Now } from '../shared/pipeline/ports';
import { wantedBy } from '../shared/pipeline/select';
import { EXIT, UsageError } from './exit';
import { findingJson } from '../shared/domain/finding-json';
import { count, findingText, heading, inOrder } from './finding-text';
import { printable, table, wrap, type Terminal } from './print';

export interface AnalyzeOptions {
  readonly asOf?: string;
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
  const asOf = options.asOf === undefined ? undefined : readAsOf(options.asOf);
  const detectors = configureDetectors(environment);
  const unreadable: UnreadableFileError[] = [];
  const files = await listAll(inputs, unreadable);
  const progress = new Progress(terminal, clock);
  const pages = readExports(files, {
    wanted: wantedByAll(detectors),
    onBytes: (bytes) => {
      progress.show(bytes);
    },
    onUnreadable: (error) => unreadable.push(error),
  });
  const analysis = await analyze(pages, detectors, memoryStores(), {
    ...(asOf !== undefined && { asOf }),
    tenantId: environment['TENANT_ID'] ?? 'export',
    clock,
  });
  progress.clear();
  if (options.json === true) {
    terminal.out(`${safeJson(toJson(analysis, unreadable), 2)}\n`);
  } else {
    terminal.out(toText(analysis, terminal));
  }
  for (const error of unreadable) {
    terminal.err(`crosscheck: ${printable(error.message)}\n`);
  }
  for (const { timeline, error } of analysis.faults) {
    terminal.err(`crosscheck: ${printable(`${timeline.subject.id}: ${error.message}`)}\n`);
  }
  return unreadable.length > 0 || analysis.faults.length > 0 ? EXIT.failed : EXIT.done;
}

function readAsOf(text: string): Instant {
  try {
    return toInstant(text);
  } catch (error) {
    if (error instanceof TimeError) {
      throw new UsageError(`--as-of: ${error.message}`);
    }
    throw error;
  }
}

async function listAll(
  inputs: readonly string[],
  unreadable: UnreadableFileError[],
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const input of inputs) {
    try {
      files.push(...(await listExports([input])));
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) {
        throw error;
      }
      unreadable.push(error);
    }
  }
  return [...new Set(files)];
}

function wantedByAll(
  detectors: readonly ConfiguredDetector[],
): Record<(typeof SOURCES)[number], ReturnType<typeof wantedBy>> {
  const enabled = detectors.map((each) => each.detector);
  return {
    directoryAudits: wantedBy(enabled, 'directoryAudits'),
    signIns: wantedBy(enabled, 'signIns'),
  };
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

function toJson(
  analysis: Analysis,
  unreadable: readonly UnreadableFileError[],
): Record<string, unknown> {
  return {
    asOf: analysis.asOf ?? null,
    read: analysis.read,
    warnings: analysis.warnings,
    unreadable: unreadable.map((error) => error.message),
    faults: analysis.faults.map(({ timeline, error }) => ({
      ...{ detector: timeline.detector, subject: timeline.subject, reason: error.message },
    })),
    pending: analysis.pending.map(({ detector, subject, until, what }) => ({
      ...{ detector, subject, until, what },
    })),
    undetermined: analysis.undetermined.map(({ detector, subject, gap, what }) => ({
      ...{ detector, subject, gap, what },
    })),
    findings: inOrder(analysis.findings).map(findingJson),
  };
}

// ------------------------------------------------------------------------------------------------------- as text

function toText(analysis: Analysis, terminal: Terminal): string {
  const shown = inOrder(analysis.findings);
  const alerts = shown.filter((finding) => finding.stage === 'alert');
  const watched = shown.filter((finding) => finding.stage === 'watch');
  return [
    readText(analysis, terminal),
    analysis.warnings.map((warning) => wrap(`warning: ${warning}`, '')).join(''),
    '\n',
    heading(terminal, count(alerts.length, 'finding')),
    alerts.map((finding) => findingText(finding, terminal)).join('\n'),
    watched.length === 0
      ? ''
      : `\n${heading(terminal, `${watched.length} on probation, not alerted`)}` +
        watched.map((finding) => findingText(finding, terminal)).join('\n'),
    waitingText('still inside its grace', analysis.pending, terminal),
    waitingText('cannot be told from this log', analysis.undetermined, terminal),
  ].join('');
}

function readText({ read, asOf }: Analysis, terminal: Terminal): string {
  const rows = [...SOURCES, 'unrecognised' as const]
    .filter((source) => read[source].records > 0)
    .map((source) => {
      const { records, kept, malformed, coverage } = read[source];
      const covers =
        coverage === undefined
          ? ''
          : `${toMinute(coverage.from)} to ${toMinute(coverage.to)} (assumed complete)`;
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
