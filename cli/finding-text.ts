import { SEVERITIES } from '../shared/domain/detector';
import type { Finding } from '../shared/domain/findings/finding';
import { paint, printable, wrap, type Terminal } from './print';

/** A finding for a person at a terminal: who, what, the events it rests on, and its id. */
export function findingText(finding: Finding, terminal: Terminal): string {
  const { severity, status, resolution } = finding;
  const muted =
    finding.suppressed === undefined ? '' : `, suppressed by ${finding.suppressed.rule}`;
  const state = `${status === 'resolved' ? `resolved: ${resolution ?? ''}` : status}${muted}`;
  const who = printable(finding.subject.name ?? finding.subject.id);
  return (
    `${paint(terminal, severity, severity.toUpperCase())}  ${who}  ${printable(`${finding.title} (${state})`)}\n` +
    wrap(finding.summary, '  ') +
    finding.evidence
      .map(
        (each) =>
          `  ${printable(`${each.at.slice(0, 19)}Z  ${each.what}  [${each.source} ${each.eventId}]`)}\n`,
      )
      .join('') +
    paint(terminal, 'faint', `  ${finding.detector} ${finding.id}\n`)
  );
}

export function heading(terminal: Terminal, text: string): string {
  return `${paint(terminal, 'heading', text)}\n`;
}

/** `No findings`, `1 finding`, `2 findings` */
export function count(n: number, noun: string): string {
  return n === 0 ? `No ${noun}s` : n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
}

/** Open ones first, the gravest first, the newest first. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const rank = (finding: Finding): string =>
    `${finding.status === 'resolved' ? 1 : 0}${SEVERITIES.length - SEVERITIES.indexOf(finding.severity)}`;
  return findings.toSorted((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return x !== y
      ? x < y
        ? -1
        : 1
      : a.lastSeenAt !== b.lastSeenAt
        ? a.lastSeenAt > b.lastSeenAt
          ? -1
          : 1
        : a.id < b.id
          ? -1
          : 1;
  });
}
