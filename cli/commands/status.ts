import { toMinute } from '../../shared/domain/time';
import { statusOf, type Status } from '../../shared/api/status';
import { countText } from '../../shared/pipeline/queries/counts';
import { EXIT } from '../exit';
import { heading } from '../finding-text';
import { answer, table, wrap, type Terminal } from '../print';
import { openMonitor, type World } from '../stores';

/**
 * `crosscheck status`: whether the watch is on, what is wrong, and which alerts nobody was told of.
 * @returns the exit code: 1 when something is wrong.
 * @throws ConfigError
 */
export async function statusCommand(
  options: { readonly json?: boolean },
  world: World,
): Promise<number> {
  const { terminal } = world;
  const status = await statusOf(await openMonitor(world));
  answer(terminal, options, status, () => toText(status, terminal));
  return status.status === 'up' ? EXIT.done : EXIT.failed;
}

function toText(
  { status, problems, counts, sources, alerts, unreadableRows: rows }: Status,
  terminal: Terminal,
): string {
  const minute = (at: Parameters<typeof toMinute>[0] | undefined): string =>
    at === undefined ? 'never' : toMinute(at);
  return [
    heading(terminal, status === 'up' ? 'The watch is on' : 'Something is wrong'),
    ...problems.map((each) => wrap(each, '  ')),
    table([
      ['  log', 'last read', 'complete to'],
      ...sources.flatMap(({ source, lastReadAt, completeTo, unreadable, feeds }) =>
        unreadable === undefined
          ? [[`  ${source}`, minute(lastReadAt), minute(completeTo)]]
          : [
              ...unreadable.map((part) => [`  ${source}: ${part}`, 'unreadable', 'unreadable']),
              ...feeds.map(({ name, journal }) => [
                `  ${source}: ${name}`,
                minute(journal?.readAt),
                minute(journal?.completeTo),
              ]),
            ],
      ),
    ]),
    ...counts.map((each) => wrap(countText(each), '  ')),
    `  alerts: ${alerts.waiting} waiting, ${alerts.dead} given up, ${alerts['not-configured']} without a channel\n`,
    `  rows that could not be read: ${rows.ofPersons} about one person each, ${rows.ofAll} about anybody, ${rows.others} without a gap\n`,
    ...alerts.undelivered.map(({ id, channel, verb = 'alert', state, lastError = '' }) =>
      wrap(
        `${id} ${verb} over ${channel}, ${state}${lastError === '' ? '' : `: ${lastError}`}`,
        '    ',
      ),
    ),
    alerts.undelivered.length === 0
      ? ''
      : '  "crosscheck resend <alert id>" queues one for delivery again\n',
  ].join('');
}
