import { csvFinding, csvHead } from '../../shared/adapters/export/csv';
import type { Finding } from '../../shared/domain/findings/finding';
import type { Transition } from '../../shared/domain/findings/transition';
import { findingJson, findingWithHistory } from '../../shared/domain/findings/finding-json';
import { DAY, plus, toMinute } from '../../shared/domain/time';
import { findingPath } from '../../shared/api/requests';
import { FindingNotFoundError } from '../../shared/pipeline/findings/decide';
import { UnreadableRowError } from '../../shared/pipeline/ports/unreadable-row';
import type { Clock } from '../../shared/pipeline/ports/clock';
import type { FindingFilter, ListEntry } from '../../shared/pipeline/ports/finding-index';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { checkFormat, EXIT, UsageError } from '../exit';
import { readFilter, warnOfDetector, type FilterOptions } from '../filter';
import { count, findingText, heading } from '../finding-text';
import { answer, paint, printable, table, type Terminal } from '../print';
import { openMonitor, openStores, type World } from '../stores';
import { readTyped } from '../typed';
import { SOURCES } from '../../shared/sources';

export interface FindingsOptions extends FilterOptions {
  readonly top?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

const PAGE = 500;

/**
 * `crosscheck findings`: what is stored, the newest first.
 * @throws UsageError, ConfigError
 */
export async function findingsCommand(options: FindingsOptions, world: World): Promise<number> {
  const { terminal } = world;
  checkFormat(options);
  const filter = readFilter(options);
  const top = /^\d{1,9}$/.test(options.top ?? '50') ? Number(options.top ?? 50) : 0;
  if (top < 1) {
    throw new UsageError(`--top takes a whole number from 1, not "${options.top ?? ''}"`);
  }
  const { stores, detectorIds } = await openMonitor(world);
  warnOfDetector(filter, detectorIds, terminal);
  const lines = await listed(stores, filter, top);
  const why = lines.length === 0 ? await whyNothing(stores, filter, world.clock) : undefined;
  const sayNothing = (): number => {
    terminal.err(why === undefined ? '' : `crosscheck: ${why}\n`);
    return why === undefined ? EXIT.done : EXIT.failed;
  };
  if (options.json !== true && options.csv !== true) {
    terminal.out(toTable(lines, terminal));
    return sayNothing();
  }
  const { findings, unreadable } = await whole(stores, lines);
  answer(terminal, options, await toJson(stores, findings, world.clock), () =>
    [csvHead(), ...findings.map(csvFinding)].join(''),
  );
  return leftOut(unreadable, terminal) || sayNothing();
}

/**
 * `crosscheck show ID`: one finding with its evidence and history.
 * @throws UsageError, ConfigError
 */
export async function showCommand(
  id: string,
  options: { readonly json?: boolean },
  world: World,
): Promise<number> {
  const { terminal } = world;
  readTyped(findingPath, { id });
  const stores = await openStores(world);
  const stored = await stores.findings.find(id);
  if (stored === undefined) {
    terminal.err(`crosscheck: ${new FindingNotFoundError(id).message}\n`);
    return EXIT.failed;
  }
  const history = await stores.findings.history(id);
  answer(
    terminal,
    options,
    findingWithHistory(stored.finding, history),
    () => `${findingText(stored.finding, terminal)}\n${toHistory(history, terminal)}`,
  );
  return EXIT.done;
}

/** Why that there are none says nothing; undefined when it does. */
async function whyNothing(
  { coverage, index }: Stores,
  { from }: FindingFilter,
  clock: Clock,
): Promise<string | undefined> {
  if (from !== undefined && from > clock.now()) {
    return `nothing was found to look at: --from is ${from}, which is still to come`;
  }
  const isEmpty =
    Object.keys(await coverage.reading()).length === 0 &&
    (await index.page({}, 1)).lines.length === 0;
  return isEmpty
    ? 'nothing was found to look at: no log of this tenant was ever read. Is TENANT_ID right, and are these the right tables?'
    : undefined;
}

/** The first so many lines of a list, from as many pages as it takes. */
async function listed(
  { index }: Stores,
  filter: FindingFilter,
  top: number,
): Promise<readonly ListEntry[]> {
  const lines: ListEntry[] = [];
  let next: string | undefined;
  do {
    const page = await index.page(filter, Math.min(top - lines.length, PAGE), next);
    lines.push(...page.lines);
    next = page.next;
  } while (next !== undefined && lines.length < top);
  return lines;
}

async function whole(
  { findings }: Stores,
  lines: readonly ListEntry[],
): Promise<{ readonly findings: readonly Finding[]; readonly unreadable: readonly string[] }> {
  const all: Finding[] = [];
  const unreadable: string[] = [];
  for (const { id } of lines) {
    try {
      const stored = await findings.find(id);
      all.push(...(stored === undefined ? [] : [stored.finding]));
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) {
        throw error;
      }
      unreadable.push(error.message);
    }
  }
  return { findings: all, unreadable };
}

/** Says which findings are not there. @returns the exit code */
function leftOut(unreadable: readonly string[], terminal: Terminal): number {
  for (const each of unreadable) {
    terminal.err(`crosscheck: ${printable(each)}\n`);
  }
  return unreadable.length === 0 ? EXIT.done : EXIT.failed;
}

async function toJson(
  stores: Stores,
  findings: readonly Finding[],
  clock: Clock,
): Promise<unknown> {
  const read: Record<string, unknown> = {};
  for (const source of SOURCES) {
    const lastDay = { from: plus(clock.now(), -DAY), to: clock.now() };
    for await (const { rows, kept, malformed } of stores.coverage.ledger(source, lastDay)) {
      read[source] = { records: rows, kept, malformed, skipped: [] };
      break; // the newest window
    }
  }
  return {
    ...{ asOf: clock.now(), read },
    findings: findings.map(findingJson),
  };
}

function toTable(findings: readonly ListEntry[], terminal: Terminal): string {
  if (findings.length === 0) {
    return 'No findings\n';
  }
  return (
    heading(terminal, count(findings.length, 'finding')) +
    table([
      ['severity', 'status', 'who', 'what', 'opened', 'id'],
      ...findings.map((each) => [
        each.severity,
        `${each.status === 'resolved' ? `resolved: ${each.resolution ?? ''}` : each.status}${each.suppressed === undefined ? '' : ' (suppressed)'}`,
        each.subject.name ?? each.subject.id,
        `${each.title}${each.stage === 'watch' ? ' (on probation)' : ''}`,
        toMinute(each.openedAt),
        each.id,
      ]),
    ])
  );
}

function toHistory(history: readonly Transition[], terminal: Terminal): string {
  return heading(terminal, 'History') + history.map((each) => toRow(each, terminal)).join('');
}

/** Who did what and when, and why; the hash is the beginning of what chains the row to the one before. */
function toRow(
  { at, verb, resolution, by, reason, note, hash }: Transition,
  terminal: Terminal,
): string {
  const how = resolution === undefined ? '' : ` (${resolution})`;
  const why = [reason, note].filter((each) => each !== undefined).join(': ');
  const said = `${at.slice(0, 19)}Z  ${verb}${how} by ${by}${why === '' ? '' : `, ${why}`}`;
  return `  ${printable(said)}${paint(terminal, 'faint', `  ${printable(hash.slice(0, 12))}`)}\n`;
}
