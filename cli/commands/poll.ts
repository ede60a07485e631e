import { memoryStores } from '../../shared/adapters/memory/memory-stores';
import { askedSources, neededSources } from '../../shared/composition/detectors';
import type { Finding } from '../../shared/domain/findings/finding';
import { findingJson } from '../../shared/domain/findings/finding-json';
import { toMinute } from '../../shared/domain/time';
import { inWords } from '../../shared/domain/reading/wrong-clock';
import type { PollReport } from '../../shared/pipeline/poll';
import { SourceError } from '../../shared/pipeline/ports/record-source';
import { EXIT, UsageError } from '../exit';
import { count, findingText, heading, inOrder } from '../finding-text';
import { answer, printable, table, wrap, type Terminal } from '../print';
import { openMonitor, type World } from '../stores';

export interface PollCommandOptions {
  readonly once?: boolean;
  readonly sweep?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/**
 * `crosscheck poll --once`: does now what the timers do, as long as it takes.
 * @returns the exit code: 1 when a source could not be read to its end or an alert was given up.
 * @throws UsageError, ConfigError
 */
export async function pollCommand(options: PollCommandOptions, world: World): Promise<number> {
  if (options.once !== true) {
    throw new UsageError(
      'poll takes --once; for polling on a schedule run the functions or npm start',
    );
  }
  const { terminal } = world;
  const isDry = options.dryRun === true;
  const monitor = await openMonitor(world);
  const { detectors } = monitor.config;
  const dryStores = isDry ? memoryStores() : undefined;
  const reports: PollReport[] = [];
  for (const source of askedSources(detectors)) {
    if (terminal.isInteractive) {
      terminal.err(`reading ${source} ...\n`);
    }
    reports.push(
      await monitor.poll(source, {
        isUnbounded: true,
        sweep: options.sweep === true,
        ...(dryStores !== undefined && { stores: dryStores }),
      }),
    );
  }
  const delivered = isDry ? undefined : await monitor.deliver();
  const changed = reports.flatMap(({ assessed }) => assessed.changes.map((each) => each.finding));
  answer(terminal, options, toJson(reports, changed), () =>
    toText(reports, changed, terminal, isDry),
  );
  for (const { read } of reports) {
    if (read.stopped instanceof SourceError) {
      const { message, remedy } = read.stopped;
      terminal.err(`crosscheck: ${read.source}: ${printable(message)}. ${printable(remedy)}\n`);
    }
  }
  for (const line of new Set(reports.flatMap(({ read }) => wrongTimes(read)))) {
    terminal.err(`crosscheck: ${line}\n`);
  }
  const faults = reports.flatMap(({ assessed }) => assessed.faults);
  for (const { timeline, error } of faults) {
    terminal.err(`crosscheck: ${printable(`${timeline.subject.id}: ${error.message}`)}\n`);
  }
  const owed = (delivered?.waiting ?? 0) + (delivered?.dead ?? 0);
  if (owed > 0) {
    const why = delivered?.lastError === undefined ? '' : `: ${delivered.lastError}`;
    terminal.err(`crosscheck: ${printable(`${owed} alerts are not delivered${why}`)}\n`);
  }
  const needed = neededSources(detectors);
  const isRead = reports.every(
    ({ read }) => read.stopped === undefined || !needed.includes(read.source),
  );
  return isRead && owed === 0 && faults.length === 0 ? EXIT.done : EXIT.failed;
}

/** What is wrong with the clock of this machine, or was. */
function wrongTimes({ source, clockAheadBy, cutBack }: PollReport['read']): readonly string[] {
  return [
    ...(clockAheadBy === undefined
      ? []
      : [
          `the clock of this machine is ${inWords(clockAheadBy)} that of Microsoft Graph; set it by the network (NTP).`,
        ]),
    ...(cutBack === undefined
      ? []
      : [
          `${source} counted as read to ${toMinute(cutBack.from)}, which was still to come; it is read again from ${toMinute(cutBack.to)}.`,
        ]),
  ];
}

function toJson(reports: readonly PollReport[], changed: readonly Finding[]): unknown {
  return {
    asOf:
      reports
        .map(({ read }) => read.window.to)
        .toSorted()
        .at(-1) ?? null,
    read: Object.fromEntries(
      reports.map(({ read }) => [
        read.source,
        { records: read.rows, kept: read.kept, malformed: read.malformed, skipped: [] },
      ]),
    ),
    pending: reports.flatMap(({ assessed }) => assessed.pending),
    undetermined: reports.flatMap(({ assessed }) => assessed.undetermined),
    findings: inOrder(changed).map(findingJson),
  };
}

function toText(
  reports: readonly PollReport[],
  changed: readonly Finding[],
  terminal: Terminal,
  isDry: boolean,
): string {
  const rows = reports.map(({ read }) => [
    read.source,
    String(read.rows),
    String(read.kept),
    String(read.malformed),
    `${toMinute(read.window.from)} to ${toMinute(read.window.to)}`,
  ]);
  return [
    heading(terminal, isDry ? 'Read (dry run: nothing is written or sent)' : 'Read'),
    table([['source', 'records', 'looked at', 'unusable', 'window'], ...rows]),
    '\n',
    heading(terminal, `${count(changed.length, 'finding')} new or changed`),
    inOrder(changed)
      .map((finding) => findingText(finding, terminal))
      .join('\n'),
    ...reports.flatMap(({ assessed }) =>
      assessed.pending.map(({ subject, what }) =>
        wrap(`waiting: ${subject.name ?? subject.id}: ${what}`, '  '),
      ),
    ),
  ].join('');
}
