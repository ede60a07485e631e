import type { MemoryStores } from './memory-stores';
import { canonical, sha256, type Json } from '../../shared/domain/json';
import type { Finding } from '../../shared/domain/findings/finding';
import type { Transition } from '../../shared/domain/findings/transition';
import { must } from './law';

/** Every finding has its history and its alerts, and nothing has an alert or a history of its own. */
export function booksBalance({ findings, outbox }: MemoryStores): void {
  const ids = outbox.alerts.map((alert) => alert.id);
  must(new Set(ids).size === ids.length, () => `an alert id is used twice: ${ids.sort().join()}`);
  const known = new Set(findings.list().map((finding) => finding.id));
  for (const { findingId } of [...findings.transitions, ...outbox.alerts]) {
    must(known.has(findingId), () => `${findingId} has a history or an alert and no finding`);
  }
  for (const finding of findings.list()) {
    const history = findings.transitions
      .filter((each) => each.findingId === finding.id)
      .toSorted((a, b) => a.sequence - b.sequence);
    historyFits(finding, history);
    alertsFit(finding, history, new Map(outbox.alerts.map((alert) => [alert.id, alert.verb])));
  }
}

function historyFits(finding: Finding, history: readonly Transition[]): void {
  const told = (): string => `${finding.anchor.key}: ${canonical(history as unknown as Json)}`;
  const last = history.at(-1);
  must(history.length === finding.sequence, () => `rows are missing or too many, ${told()}`);
  must(last?.hash === finding.head, () => `the head is not the last row, ${told()}`);
  must(
    last?.status === finding.status && last.resolution === finding.resolution,
    () => `the last row is not the status ${finding.status}, ${told()}`,
  );
  must(
    history.filter((each) => each.verb === 'opened' || each.verb === 'recorded').length === 1,
    () => `a finding begins once, ${told()}`,
  );
  history.forEach((row, i) => {
    const { hash, ...content } = row;
    const before = history[i - 1];
    must(hash === sha256(canonical(content)), () => `a row does not match its hash, ${told()}`);
    must(row.previous === (before?.hash ?? ''), () => `the chain is broken, ${told()}`);
    must(
      row.by !== 'crosscheck' || before === undefined || isNews(before, row),
      () => `a row repeats the one before, ${told()}`,
    );
  });
}

function isNews(before: Transition, row: Transition): boolean {
  return (
    before.status !== row.status ||
    before.resolution !== row.resolution ||
    before.supersededBy !== row.supersededBy ||
    row.verb === 'escalated' // a severity may sink without a row, and rise again
  );
}

function alertsFit(
  finding: Finding,
  history: readonly Transition[],
  alerts: ReadonlyMap<string, string>,
): void {
  for (const row of history) {
    const verb = alerts.get(`${finding.id}-${row.sequence}`);
    const isLoud = ['opened', 'reopened', 'escalated'].includes(row.verb);
    const isOwed = stageOf(row, finding) === 'alert' && row.by === 'crosscheck' && isLoud;
    must(!isOwed || verb === row.verb, () => `${finding.anchor.key} ${row.verb} and told nobody`);
    must(
      verb === undefined || (verb === row.verb && stageOf(row, finding) === 'alert'),
      () => `${finding.anchor.key} has an alert ${verb} for ${row.verb}`,
    );
  }
}

/** Messages that are only stored and shown, whatever the finding comes to say later. */
const WATCHED: ReadonlySet<string> = new Set([
  ...['gone', 'orphan'], // group-migration-leftover
  ...['stale', 'forgot', 'overshoot'], // smart-lockout-overshoot
  ...['unexplained'], // security-info-prompt-loop
]);
/** Messages of the same detectors that people are always told of. */
const ALERTED: ReadonlySet<string> = new Set(['stuck', 'wave', 'guessed', 'spread']);

/** The stage of a finding when a row of its history was written: by what it said then. */
function stageOf({ message }: Transition, finding: Finding): Finding['stage'] {
  return WATCHED.has(message) ? 'watch' : ALERTED.has(message) ? 'alert' : finding.stage;
}
