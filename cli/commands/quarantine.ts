import { inWords, isOpen, type QuarantineRow } from '../../shared/domain/reading/quarantine';
import { toMinute } from '../../shared/domain/time';
import { acceptRow } from '../../shared/pipeline/reading/accept-row';
import { EXIT, UsageError } from '../exit';
import { count, heading } from '../finding-text';
import { withLocalHost } from '../local-environment';
import { answer, printable, wrap } from '../print';
import { openMonitor, type World } from '../stores';
import { whoIsHere } from '../who';

export interface QuarantineOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

export interface AcceptOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

/**
 * `crosscheck quarantine`: the rows of the logs that could not be read, and what is not concluded because of them.
 * @returns the exit code: 1 while a gap stands.
 * @throws ConfigError
 */
export async function quarantineCommand(options: QuarantineOptions, world: World): Promise<number> {
  const { terminal } = world;
  const { stores, clock } = await openMonitor(world);
  const rows: QuarantineRow[] = [];
  for await (const row of stores.quarantine.rows()) {
    if (options.all === true || isOpen(row)) {
      rows.push(row);
    }
  }
  rows.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const open = rows.filter(isOpen).length;
  const shown = rows.map(({ isHeard: _inner, ...row }) => ({ ...row, isOpen: isOpen(row) }));
  answer(
    terminal,
    options,
    { asOf: clock.now(), rows: shown },
    () =>
      heading(terminal, `${count(open, 'gap')} of rows that could not be read`) +
      rows.map((row) => wrap(rowText(row), '  ') + wrap(whyText(row), '    ')).join('') +
      (open === 0
        ? ''
        : '  Nothing is concluded over them until they are read again, or somebody says that they do not matter:\n' +
          '  crosscheck quarantine accept <id> --reason <text>\n'),
  );
  return open === 0 ? EXIT.done : EXIT.failed;
}

/**
 * `crosscheck quarantine accept`: a person says that a row does not matter.
 * @throws UsageError, ConfigError, RuleError
 */
export async function acceptCommand(
  id: string,
  options: AcceptOptions,
  world: World,
  who: typeof whoIsHere = whoIsHere,
): Promise<number> {
  const { reason = '' } = options;
  if (reason.trim() === '') {
    throw new UsageError('--reason is needed: why the row does not matter');
  }
  const by = await who(withLocalHost(world.environment));
  const { stores, clock, config } = await openMonitor(world);
  const acceptance = await acceptRow(
    { stores, clock, tenantId: config.tenantId },
    { id, by, reason: reason.trim() },
  );
  answer(
    world.terminal,
    options,
    acceptance,
    () =>
      `The gap of ${id} is over, and that stands in the record. What it kept open is judged within five minutes.\n`,
  );
  return EXIT.done;
}

/** One row in one line: its id, what is not concluded because of it, and how that ended. */
export function rowText(row: QuarantineRow): string {
  const { id, source, gap, ended } = row;
  if (gap === undefined) {
    return `${id}  ${source}: a row of unknown or unneeded kind could not be read; no gap`;
  }
  const { subject } = gap;
  const whom = subject === undefined ? '' : `${printable(subject.name ?? subject.id)}: `;
  const { how, at, by = '', reason = '' } = ended ?? {};
  const end =
    at === undefined
      ? ''
      : how === 'readable'
        ? `; read since, at ${toMinute(at)}`
        : `; accepted ${toMinute(at)} by ${printable(by)}: ${printable(reason)}`;
  return `${id}  ${source}: ${whom}${inWords({ ...row, gap })}${end}`;
}

function whyText({ reason, eventId, firstSeenAt, gap }: QuarantineRow): string {
  const event = eventId === undefined ? '' : `event ${printable(eventId)}, `;
  const whose = gap === undefined ? '' : `, needed by ${gap.detectors.join(', ')}`;
  return `${event}first seen ${toMinute(firstSeenAt)}: ${printable(reason)}${whose}`;
}

function placeOf({ gap, firstSeenAt, id }: QuarantineRow): string {
  return `${gap?.from ?? firstSeenAt} ${id}`;
}
