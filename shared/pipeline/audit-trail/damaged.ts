import type { DamagedKind, DamagedRow } from '../ports/damaged-rows';

const WORDS: Readonly<Record<DamagedKind, string>> = {
  coverage: 'what is known of the reading of a log',
  feed: 'how far a part of a log was read',
  window: 'a window of the ledger',
  timeline: 'the header of a timeline',
  signal: 'a signal of a timeline',
  mark: 'a mark of work',
  'writing-mark': 'a mark of lists that are being written',
  'due-mark': 'a mark of work that is due later',
  'send-mark': 'a mark of an alert',
  'detector-version': 'the version of a detector',
  note: 'a note of the last run',
  finding: 'a finding',
  history: 'a step of the history of a finding',
  alert: 'an alert',
  suppression: 'a step of a suppression or hold',
  seal: 'a seal of the audit trail',
  list: 'an entry of the list of findings',
  count: 'the count of a day',
  quarantined: 'a row of the quarantine',
  copy: 'the copy of a damaged row',
  unknown: 'a row of unknown kind',
};

/** What only people can judge: the audit trail stays as it lies. */
const OF_AUDIT_TRAIL: readonly DamagedKind[] = [
  'finding',
  'history',
  'alert',
  'suppression',
  'seal',
];

/** Whether nothing can be derived that would stand in its place. */
function isOfAuditTrail({ kind }: Pick<DamagedRow, 'kind'>): boolean {
  return OF_AUDIT_TRAIL.includes(kind);
}

/** Like `a mark of work (Work <keys>)`. */
export function damagedInWords(row: DamagedRow): string {
  return `${WORDS[row.kind]} (${row.table} ${row.partitionKey} ${row.rowKey})`;
}

/** Those of the audit trail first: they cannot be rebuilt. */
export function gravestFirst(rows: readonly DamagedRow[]): readonly DamagedRow[] {
  return rows.toSorted((a, b) => Number(isOfAuditTrail(b)) - Number(isOfAuditTrail(a)));
}

/** What to do about damaged rows. */
export function damagedRemedy(rows: readonly DamagedRow[]): string {
  const trail = 'Find out who changed the audit trail with: crosscheck verify';
  const rest = 'Rebuild what can be derived with: crosscheck repair';
  if (rows.every(isOfAuditTrail)) {
    return trail;
  }
  return rows.some(isOfAuditTrail) ? `${trail}. ${rest}` : rest;
}
