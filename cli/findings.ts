import { buildMonitor } from '../shared/composition';
import { readConfig } from '../shared/config/config';
import type { Environment } from '../shared/config/detectors';
import { SEVERITIES, type Severity } from '../shared/domain/detector';
import type { Finding, Status, Transition } from '../shared/domain/finding';
import { findingJson } from '../shared/domain/finding-json';
import { SOURCES } from '../shared/domain/record';
import { DAY, plus, toMinute } from '../shared/domain/time';
import { FindingNotFoundError } from '../shared/pipeline/decide';
import { listFindings } from '../shared/pipeline/list-findings';
import type { Clock, Stores } from '../shared/pipeline/ports';
import { EXIT, UsageError } from './exit';
import { count, findingText, heading } from './finding-text';
import { withLocalHost } from './local-environment';
import { paint, printable, table, type Terminal } from './print';

export interface FindingsOptions {
  readonly detector?: string;
  readonly status?: string;
  readonly severity?: string;
  readonly top?: string;
  readonly json?: boolean;
}

interface World {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly clock: Clock;
}

const STATUSES: readonly Status[] = ['open', 'acknowledged', 'resolved'];

/**
 * `crosscheck findings`: what is stored, the newest first.
 * @throws UsageError, ConfigError
 */
export async function findingsCommand(options: FindingsOptions, world: World): Promise<number> {
  const { terminal } = world;
  const status = oneOf('--status', options.status, STATUSES);
  const severity = oneOf<Severity>('--severity', options.severity, SEVERITIES);
  const top = Number(options.top ?? 50);
  if (!Number.isInteger(top) || top < 1) {
    throw new UsageError(`--top takes a whole number from 1, not "${options.top ?? ''}"`);
  }
  const stores = await openStores(world);
  const findings = await listFindings(stores.findings, {
    top,
    ...(options.detector !== undefined && { detector: options.detector }),
    ...(status !== undefined && { status }),
    ...(severity !== undefined && { severity }),
  });
  terminal.out(
    options.json === true
      ? `${JSON.stringify(await toJson(stores, findings, world.clock), null, 2)}\n`
      : toTable(findings, terminal),
  );
  return EXIT.done;
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
  const stores = await openStores(world);
  const stored = /^[0-9a-f]{16}-[0-9a-f]{12}$/.test(id)
    ? await stores.findings.find(id)
    : undefined;
  if (stored === undefined) {
    terminal.err(`crosscheck: ${new FindingNotFoundError(printable(id)).message}\n`);
    return EXIT.failed;
  }
  const history = await stores.findings.history(id);
  terminal.out(
    options.json === true
      ? `${JSON.stringify({ ...findingJson(stored.finding), history }, null, 2)}\n`
      : `${findingText(stored.finding, terminal)}\n${toHistory(history, terminal)}`,
  );
  return EXIT.done;
}

async function openStores({ environment, clock }: World): Promise<Stores> {
  return (
    await buildMonitor(readConfig({ LOG_LEVEL: 'warn', ...withLocalHost(environment) }), clock)
  ).stores;
}

function oneOf<T extends string>(
  option: string,
  text: string | undefined,
  allowed: readonly T[],
): T | undefined {
  const found = allowed.find((each) => each === text);
  if (text !== undefined && found === undefined) {
    throw new UsageError(`${option} takes one of ${allowed.join(', ')}, not "${text}"`);
  }
  return found;
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
    ...{ asOf: clock.now(), read, pending: [], undetermined: [] },
    findings: findings.map(findingJson),
  };
}

function toTable(findings: readonly Finding[], terminal: Terminal): string {
  if (findings.length === 0) {
    return 'No findings\n';
  }
  return (
    heading(terminal, count(findings.length, 'finding')) +
    table([
      ['severity', 'status', 'who', 'what', 'last seen', 'id'],
      ...findings.map((each) => [
        each.severity,
        each.status === 'resolved' ? `resolved: ${each.resolution ?? ''}` : each.status,
        each.subject.name ?? each.subject.id,
        `${each.title}${each.stage === 'watch' ? ' (on probation)' : ''}`,
        toMinute(each.lastSeenAt),
        each.id,
      ]),
    ])
  );
}

function toHistory(history: readonly Transition[], terminal: Terminal): string {
  return (
    heading(terminal, 'History') +
    history
      .map(
        (each) =>
          `  ${each.at.slice(0, 19)}Z  ${each.verb}${each.resolution === undefined ? '' : ` (${each.resolution})`} ` +
          `by ${printable(each.by)}${paint(terminal, 'faint', `  ${each.hash.slice(0, 12)}`)}\n`,
      )
      .join('')
  );
}
