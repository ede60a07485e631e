import { askedSources } from '../../shared/composition/detectors';
import type { Log } from '../../shared/domain/record';
import { between, toMinute } from '../../shared/domain/time';
import { BackfillError } from '../../shared/pipeline/backfill';
import { SourceError } from '../../shared/pipeline/ports/record-source';
import { EXIT, UsageError } from '../exit';
import { count, findingText, heading, inOrder } from '../finding-text';
import { printable } from '../print';
import { readRange } from '../range';
import { openMonitor, type World } from '../stores';
import { LOGS } from '../../shared/sources';

export interface BackfillOptions {
  readonly from?: string;
  readonly to?: string;
  readonly source?: string;
  readonly json?: boolean;
}

/**
 * `crosscheck backfill`: reads a range of the past. What opens goes out as one digest.
 * @returns the exit code: 1 when a log could not be read to the end of the range; the same command goes on there.
 * @throws UsageError, ConfigError
 */
export async function backfillCommand(options: BackfillOptions, world: World): Promise<number> {
  const { terminal } = world;
  const { from, to } = readRange(options);
  if (from === undefined || to === undefined) {
    throw new UsageError('backfill takes --from and --to, like --from 2026-01-30T00:00:00Z');
  }
  const monitor = await openMonitor(world);
  const sources = chosen(options.source, askedSources(monitor.config.detectors));
  const reports = [];
  const refused: string[] = [];
  for (const source of sources) {
    try {
      const report = await monitor.backfill(source, { from, to }, (at) => {
        if (terminal.isInteractive) {
          const share = Math.round((100 * between(from, at)) / between(from, to));
          terminal.err(`reading ${source}: ${toMinute(at)} (${share} %)\n`);
        }
      });
      reports.push({ source, ...report });
    } catch (error) {
      if (!(error instanceof BackfillError)) {
        throw error;
      }
      refused.push(error.message);
    }
  }
  if (reports.length === 0) {
    throw new UsageError(refused.join('\n'));
  }
  refused.forEach((message) => {
    terminal.err(`crosscheck: ${printable(message)}\n`);
  });
  await monitor.deliver();
  const changed = inOrder(
    reports.flatMap(({ assessed }) => assessed.changes.map((each) => each.finding)),
  );
  for (const { source, stopped } of reports) {
    if (stopped instanceof SourceError) {
      const { message, remedy } = stopped;
      terminal.err(
        `crosscheck: ${source}: ${printable(message)}. ${printable(remedy)} The same command goes on where this one stopped.\n`,
      );
    }
  }
  if (options.json === true) {
    const read = reports.map(
      ({ source, range, from: began, windows, rows, kept, malformed, tooOld }) => ({
        ...{ source, range, from: began, windows, rows, kept, malformed, tooOld },
      }),
    );
    terminal.out(`${JSON.stringify({ read, changed: changed.map(({ id }) => id) }, null, 2)}\n`);
  } else {
    for (const { source, from: began, rows, kept, tooOld } of reports) {
      const since = began === from ? '' : `, going on at ${toMinute(began)}`;
      const old = tooOld === 0 ? '' : `; ${tooOld} signals are older than what detectors retain`;
      terminal.out(`${source}: ${rows} rows read, ${kept} looked at${since}${old}\n`);
    }
    terminal.out(heading(terminal, `${count(changed.length, 'finding')} new or changed`));
    changed.forEach((finding) => {
      terminal.out(`${findingText(finding, terminal)}\n`);
    });
  }
  const isWhole = reports.every(({ stopped }) => stopped === undefined);
  return isWhole && refused.length === 0 ? EXIT.done : EXIT.failed;
}

function chosen(name: string | undefined, needed: readonly Log[]): readonly Log[] {
  if (name === undefined) {
    return needed;
  }
  const source = LOGS.find((each) => each === name);
  if (source === undefined) {
    throw new UsageError(`--source takes ${LOGS.join(' or ')}, not "${name}"`);
  }
  return [source];
}
