import { stringify } from 'csv-stringify/sync';
import type { Finding } from '../../domain/findings/finding';
import { plainText } from '../../domain/text';

/** The columns, in order. */
export const CSV_COLUMNS = [
  ...['id', 'detector', 'stage', 'severity', 'status', 'resolution', 'suppressedBy'],
  ...['message', 'title', 'summary', 'subjectId', 'subjectName'],
  ...['firstSeenAt', 'lastSeenAt', 'openedAt', 'resolvedAt', 'count'],
  ...['decision', 'reason', 'decidedBy', 'decidedAt', 'note'],
  ...['evidence', 'sequence', 'head'],
] as const;

export function csvHead(): string {
  return csvRow(CSV_COLUMNS);
}

export function csvFinding(finding: Finding): string {
  const { subject, act } = finding;
  return csvRow([
    ...[finding.id, finding.detector, finding.stage, finding.severity, finding.status],
    ...[
      finding.resolution,
      finding.suppressed?.rule,
      finding.message,
      finding.title,
      finding.summary,
    ],
    ...[subject.id, subject.name ?? subject.id],
    ...[finding.firstSeenAt, finding.lastSeenAt, finding.openedAt, finding.resolvedAt],
    String(finding.count),
    ...[act?.verb, act?.reason, act?.by, act?.at, act?.note],
    finding.evidence.map((each) => `${each.source} ${each.eventId} ${each.at}`).join('; '),
    ...[String(finding.sequence), finding.head],
  ]);
}

/** The last row of an export: as many cells as every other, the manifest in the second. */
export function csvLast(manifest: string): string {
  return csvRow(['manifest', manifest, ...CSV_COLUMNS.slice(2).map(() => '')]);
}

/**
 * One row of any table. Everything is quoted, control characters become spaces and leading spaces go, and a cell that a spreadsheet
 * would run as a formula begins with an apostrophe.
 */
export function csvRow(cells: readonly (string | undefined)[]): string {
  const row = cells.map((cell = '') => plainText(cell).trimStart());
  return stringify([row], { quoted: true, quoted_empty: true, escape_formulas: true });
}
