import { csvRow } from '../../shared/adapters/export/csv';
import { readinessQuery } from '../../shared/api/requests';
import { toMinute } from '../../shared/domain/time';
import type { Readiness } from '../../shared/pipeline/queries/readiness';
import type { ReadinessReason } from '../../shared/domain/findings/readiness';
import { checkFormat, EXIT } from '../exit';
import { heading } from '../finding-text';
import { answer, table, wrap, type Terminal } from '../print';
import { openMonitor, type World } from '../stores';
import { readTyped } from '../typed';

export interface ReadinessOptions {
  readonly group?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

const REASONS: Readonly<Record<ReadinessReason, string>> = {
  'only-unverified-method': 'the only method that could answer MFA was never verified',
  'other-methods-not-known': 'one method was never verified, and others are not known',
  'five-places-used': 'all places for authenticators are taken',
};

/**
 * `crosscheck readiness`: whom an MFA requirement would stop today although a method is listed for them.
 * @returns the exit code: 1 when something that was asked could not be read.
 * @throws UsageError, ConfigError, GroupNotFoundError, SourceError
 */
export async function readinessCommand(options: ReadinessOptions, world: World): Promise<number> {
  const { terminal } = world;
  const { group, json = false, csv = false } = options;
  checkFormat(options);
  const query = readTyped(readinessQuery, group === undefined ? {} : { group });
  const monitor = await openMonitor(world);
  const report = await monitor.readiness(query.group === undefined ? {} : { group: query.group });
  answer(terminal, options, report, () => (csv ? toCsv(report) : toText(report, terminal)));
  if (!report.complete && (json || csv)) {
    terminal.err(report.notKnown.map((each) => wrap(each, '')).join(''));
  }
  return report.complete ? EXIT.done : EXIT.failed;
}

function toCsv({ people }: Readiness): string {
  const rows = people.map(({ id, name, reasons, finding }) => [
    ...[id, name, reasons.join(' '), finding],
  ]);
  return [['id', 'name', 'reasons', 'finding'], ...rows].map(csvRow).join('');
}

function toText({ asOf, counts, people, notKnown }: Readiness, terminal: Terminal): string {
  const { blocked, fiveSlots, unknown } = counts;
  return [
    heading(terminal, `An MFA requirement would stop ${peopleText(blocked)} (${toMinute(asOf)})`),
    blocked === 0
      ? ''
      : wrap(
          'A method is listed for each of them in Microsoft Entra, and none of those works.',
          '  ',
        ),
    wrap(
      `${unknown} more may be stopped: what other methods they have is not known. ` +
        `${fiveSlots} have no place left for another authenticator.`,
      '  ',
    ),
    people.length === 0
      ? ''
      : `\n${table([
          ['  person', 'why', 'finding'],
          ...people.map(({ name, reasons, finding }) => [
            `  ${name}`,
            reasons.map((each) => REASONS[each]).join('; '),
            finding,
          ]),
        ])}`,
    '\n  Not in it:\n',
    ...notKnown.map((each) => wrap(`- ${each}`, '  ')),
  ].join('');
}

function peopleText(n: number): string {
  return n === 0 ? 'nobody' : n === 1 ? '1 person' : `${n} people`;
}
