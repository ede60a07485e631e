import { fromKeyPart } from './keys';
import type { DamagedKind, DamagedRow } from '../../pipeline/ports/damaged-rows';
import type { Shape } from './columns';
import type { Row } from './guards';
import { isHeader } from './timeline-rows';

/** The least that each kind of row must hold. */
export const SHAPES = {
  coverage: { source: 'text' },
  feed: { property: 'text', byDetector: 'object', reads: 'object' },
  window: { from: 'text', to: 'text', readAt: 'text', purpose: 'text' },
  timeline: { id: 'text', detector: 'text', subject: 'object' },
  signal: {
    ...{ key: 'text', source: 'text', kind: 'text', at: 'text' },
    ...{ subject: 'object', facts: 'object' },
  },
  purged: { before: 'text' },
  mark: { timelines: 'list', cause: 'text' },
  due: { timeline: 'object' },
  lease: { until: 'text' },
  rule: { detector: 'text', rule: 'text' },
  faults: { at: 'text' },
  drained: { at: 'text' },
  finding: { id: 'text' },
  transition: { findingId: 'text', sequence: 'number', verb: 'text', at: 'text' },
  delivery: {
    ...{ alert: 'object', channel: 'text', state: 'text' },
    ...{ createdAt: 'text', attempts: 'number', refusals: 'list' },
  },
  step: { ruleId: 'text', sequence: 'number', verb: 'text', at: 'text' },
  numbered: { sequence: 'number' },
  line: { id: 'text', detector: 'text', subject: 'object', openedAt: 'text' },
  count: { opened: 'list', resolved: 'list' },
  quarantined: { id: 'text', source: 'text', reason: 'text', firstSeenAt: 'text' },
  damaged: { table: 'text', partitionKey: 'text', rowKey: 'text', text: 'text' },
} as const satisfies Record<string, Shape>;

interface RowKind {
  readonly kind: DamagedKind;
  /** Absent: its key is all that it says. */
  readonly shape?: Shape;
  /** What the parts of its key after the first are. */
  readonly parts?: readonly (
    keyof Pick<DamagedRow, 'source' | 'detector' | 'timeline' | 'property' | 'id'> | ''
  )[];
}

/** By table and by how the key begins; of rows in a partition of their own by that, too. */
const KINDS: Readonly<Record<string, RowKind>> = {
  'Coverage head': { kind: 'feed', shape: SHAPES.feed, parts: ['source', 'property'] },
  'Coverage w': { kind: 'window', shape: SHAPES.window, parts: ['source'] },
  'Work mark': { kind: 'mark', shape: SHAPES.mark, parts: ['detector'] },
  'Work mark-writing': { kind: 'writing-mark', shape: SHAPES.mark, parts: ['detector'] },
  'Work due': { kind: 'due-mark', shape: SHAPES.due, parts: ['detector', '', 'timeline'] },
  'Work lease': { kind: 'note', shape: SHAPES.lease },
  'Work rule': { kind: 'detector-version', shape: SHAPES.rule, parts: ['detector'] },
  'Work faults': { kind: 'note', shape: SHAPES.faults },
  'Work drained': { kind: 'note', shape: SHAPES.drained },
  'Work send': { kind: 'send-mark' },
  'Work send-digest': { kind: 'send-mark' },
  'Work dead': { kind: 'send-mark' },
  'Work unsent': { kind: 'send-mark' },
  'Findings f': { kind: 'finding', shape: SHAPES.finding },
  'Findings h': { kind: 'history', shape: SHAPES.transition },
  'Findings o': { kind: 'alert', shape: SHAPES.delivery },
  'Findings rules s': { kind: 'suppression', shape: SHAPES.step },
  'Findings seal c': { kind: 'seal', shape: SHAPES.numbered },
  'Findings seal head': { kind: 'seal', shape: SHAPES.numbered },
  'Quarantine r': { kind: 'quarantined', shape: SHAPES.quarantined, parts: ['id'] },
  'Quarantine l': { kind: 'quarantined', shape: SHAPES.quarantined, parts: ['id'] },
  'Quarantine damaged d': { kind: 'copy', shape: SHAPES.damaged },
  'Quarantine damaged k': { kind: 'copy', shape: SHAPES.damaged },
};

/** What a row is, as its key tells; undefined when the project writes no such row. */
export function kindOf(
  table: string,
  { partitionKey, rowKey }: Pick<Row, 'partitionKey' | 'rowKey'>,
): RowKind | undefined {
  const [first = ''] = rowKey.split('|');
  const [, room = ''] = partitionKey.split('|');
  switch (table) {
    case 'Timelines':
      return room === 'retention'
        ? { kind: 'note', shape: SHAPES.purged }
        : isHeader({ rowKey })
          ? { kind: 'timeline', shape: SHAPES.timeline }
          : { kind: 'signal', shape: SHAPES.signal };
    case 'FindingIndex':
      return room === 'days'
        ? { kind: 'count', shape: SHAPES.count }
        : { kind: 'list', shape: SHAPES.line };
    case 'Coverage':
      return first === 'head' && rowKey.split('|').length === 2
        ? { kind: 'coverage', shape: SHAPES.coverage, parts: ['source'] }
        : KINDS[`${table} ${first}`];
    default:
      return KINDS[`${table} ${room} ${first}`] ?? KINDS[`${table} ${first}`];
  }
}

/** A damaged row with all that its key tells of it. */
export function damagedRow(
  table: string,
  { partitionKey, rowKey }: Pick<Row, 'partitionKey' | 'rowKey'>,
): DamagedRow {
  const { kind, parts = [] } = kindOf(table, { partitionKey, rowKey }) ?? { kind: 'unknown' };
  const [first = '', ...rest] = rowKey.split('|');
  const named = parts.flatMap((part, i) => {
    const value = rest[i];
    return part === '' || value === undefined ? [] : [[part, fromKeyPart(value)] as const];
  });
  return {
    ...{ table, partitionKey, rowKey, kind },
    ...Object.fromEntries(named),
    ...((kind === 'timeline' || kind === 'signal') && { timeline: first }),
  };
}
