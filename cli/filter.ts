import type { Command } from 'commander';
import { filterOf, filterQuery, unknownDetector } from '../shared/api/requests';
import type { FindingFilter } from '../shared/pipeline/ports/finding-index';
import type { Terminal } from './print';
import { readTyped } from './typed';

/** Which findings, as options; the same as the parameters of the API. */
export interface FilterOptions {
  readonly detector?: string;
  readonly status?: string;
  readonly severity?: string;
  readonly suppressed?: string;
  readonly subject?: string;
  readonly name?: string;
  readonly from?: string;
  readonly to?: string;
  readonly text?: string;
}

/** Gives a command the options that say which findings. */
export function withFilters(command: Command): Command {
  return command
    .option('--detector <id>', 'only of this detector')
    .option('--status <status>', 'open, acknowledged or resolved')
    .option('--severity <severity>', 'info, low, medium, high or critical')
    .option(
      '--suppressed <true|false>',
      'only those that a rule keeps from alerting, or the others',
    )
    .option(
      '--subject <id>',
      'only about this subject: the object id of a person, or the id that a finding shows',
    )
    .option('--name <text>', 'only about people and groups whose name begins so')
    .option('--from <time>', 'opened at or after, like 2026-01-31 or 2026-01-31T12:00:00Z')
    .option('--to <time>', 'opened before')
    .option('--text <text>', 'occurs in title or subject');
}

/** Says that nothing can be found of a detector that there is not. */
export function warnOfDetector(
  { detector }: FindingFilter,
  known: readonly string[],
  terminal: Terminal,
): void {
  const unknown = unknownDetector(detector, known);
  if (unknown !== undefined) {
    terminal.err(`crosscheck: --detector ${detector ?? ''} ${unknown}\n`);
  }
}

/** @throws UsageError naming every option that is wrong. */
export function readFilter(options: FilterOptions): FindingFilter {
  const { detector, status, severity, suppressed, subject, name, from, to, text } = options;
  const asked = { detector, status, severity, suppressed, subject, name, from, to, text };
  return filterOf(readTyped(filterQuery, asked));
}
