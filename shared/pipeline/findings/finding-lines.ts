import { canonical, shortHash, type Json } from '../../domain/json';
import type { Finding } from '../../domain/findings/finding';
import { pick } from '../../domain/pick';
import { monthOf, newestFirst } from '../../domain/time';
import {
  LINE_FIELDS,
  PositionError,
  type FindingFilter,
  type FindingIndex,
  type ListEntry,
} from '../ports/finding-index';
import type { OnUnreadable } from '../ports/unreadable-row';

/** The lists that a finding can stand in. */
export const LISTS = ['opened', 'open'] as const;
export type List = (typeof LISTS)[number];

/** One page looks at no more lines than this, however few of them pass the filter. */
export const LOOKED_AT = 5_000;

/** What a list says of a finding. */
export function lineOf(finding: Finding): ListEntry {
  return pick(finding, LINE_FIELDS);
}

/** A text that is the same for lines that say the same. */
export function textOfLine(line: ListEntry): string {
  return canonical(line as unknown as Json);
}

/** The lists that a finding stands in: always that of what was opened, and the other one until it is resolved. */
export function listsOf({ status }: Pick<Finding, 'status'>): readonly List[] {
  return status === 'resolved' ? LISTS.filter((list) => list !== 'open') : LISTS;
}

const LAST_TICK = 9_999;

/** The place of a finding in every list: the newest opened first, then by id. It never moves. */
export function placeOf({ openedAt, id }: Pick<Finding, 'openedAt' | 'id'>): string {
  return `${before(openedAt)}|${id}`;
}

/** Lies before the places of all findings opened at or before this instant, and after those of all later ones. */
export function before(openedAt: Finding['openedAt']): string {
  return (
    newestFirst(openedAt) + String(LAST_TICK - Number(openedAt.slice(23, 27))).padStart(4, '0')
  );
}

/** The shortest list that holds every finding of a filter. */
export function listFor({ status }: FindingFilter): List {
  return status === 'open' || status === 'acknowledged' ? 'open' : 'opened';
}

/**
 * Every line that the list hands out for the filter passes it: lists are ordered by time, and the storage itself leaves
 * out what is of other detectors.
 */
export function isExact({
  severity,
  suppressed,
  subjectId,
  subjectName,
  text,
  status,
}: FindingFilter): boolean {
  const inLines = [severity, suppressed, subjectId, subjectName, text, status];
  return inLines.every((each) => each === undefined);
}

export function passes(line: ListEntry, filter: FindingFilter): boolean {
  const { detector, status, severity, suppressed, subjectId, subjectName, from, to, text } = filter;
  const { name, id } = line.subject;
  return (
    (detector === undefined || line.detector === detector) &&
    (status === undefined || line.status === status) &&
    (severity === undefined || line.severity === severity) &&
    (suppressed === undefined || (line.suppressed !== undefined) === suppressed) &&
    (subjectId === undefined || id === subjectId) &&
    (subjectName === undefined || fold(name ?? '').startsWith(fold(subjectName))) &&
    (from === undefined || line.openedAt >= from) &&
    (to === undefined || line.openedAt < to) &&
    (text === undefined ||
      [line.title, name ?? '', id].some((each) => fold(each).includes(fold(text))))
  );
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

const PAGE = 500;

/** What is open or acknowledged, page by page. */
export async function* unresolved(
  index: Pick<FindingIndex, 'page'>,
  filter: Pick<FindingFilter, 'detector'>,
  onUnreadable: OnUnreadable,
): AsyncGenerator<readonly ListEntry[]> {
  for (const status of ['open', 'acknowledged'] as const) {
    let next: string | undefined;
    do {
      const page = await index.page({ ...filter, status }, PAGE, next, onUnreadable);
      yield page.lines;
      next = page.next;
    } while (next !== undefined);
  }
}

// ------------------------------------------------------------------------------------------------------- positions

/** A page goes on after this place in this month; lists that are not kept by month have none. */
export interface Position {
  readonly month?: string;
  readonly place: string;
}

const LONGEST = 400;

/** The position after a line of the filter's list. */
export function positionAfter(filter: FindingFilter, line: ListEntry): Position {
  const month = listFor(filter) === 'opened' ? { month: monthOf(line.openedAt) } : {};
  return { ...month, place: placeOf(line) };
}

/** A position as text, for this filter of this tenant only. It is no secret: whoever may list may stand anywhere. */
export function writePosition(tenantId: string, filter: FindingFilter, position: Position): string {
  return write(tenantId, filter, position.month ?? '', position.place);
}

/**
 * Reads what `writePosition` wrote.
 * @throws PositionError when it did not, or for another filter or tenant.
 */
export function readPosition(tenantId: string, filter: FindingFilter, text: string): Position {
  const isByMonth = listFor(filter) === 'opened';
  const month = isByMonth ? /^\d{4}-(0[1-9]|1[0-2])$/ : /^$/;
  const [found, place] = read(tenantId, filter, text, month, /^\d{17}\|[0-9a-f]{16}-[0-9a-f]{12}$/);
  return { ...(isByMonth && { month: found }), place };
}

const SCAN = 'scan';

/** Where a scan of all findings goes on: behind this timeline, for this filter of this tenant only. */
export function writeScanPosition(
  tenantId: string,
  filter: FindingFilter,
  timeline: string,
): string {
  return write(tenantId, filter, SCAN, timeline);
}

/**
 * Reads what `writeScanPosition` wrote. @returns the timeline.
 * @throws PositionError when it did not, or for another filter or tenant.
 */
export function readScanPosition(tenantId: string, filter: FindingFilter, text: string): string {
  return read(tenantId, filter, text, /^scan$/, /^[0-9a-f]{16}$/)[1];
}

function write(tenantId: string, filter: FindingFilter, part: string, place: string): string {
  const seal = sealOf(tenantId, filter, part, place);
  return Buffer.from(JSON.stringify([1, part, place, seal])).toString('base64url');
}

/** @throws PositionError when it is no position, or none of this form that was written for this filter and tenant. */
function read(
  tenantId: string,
  filter: FindingFilter,
  text: string,
  ...[partForm, placeForm]: readonly [RegExp, RegExp]
): readonly [part: string, place: string] {
  if (text.length > LONGEST) {
    throw new PositionError(`it has ${text.length} characters, at most ${LONGEST} are possible`);
  }
  const json = Buffer.from(text, 'base64url').toString('utf8');
  // The last character has bits that say nothing, and readers of base64 skip what they do not know.
  const parts = Buffer.from(json).toString('base64url') === text ? parse(json) : undefined;
  if (!Array.isArray(parts) || parts.length !== 4 || !parts.slice(1).every(isText)) {
    throw new PositionError('it is cut off or was never one');
  }
  const [version, part, place, seal] = parts as [unknown, string, string, string];
  if (version !== 1) {
    throw new PositionError('it comes from another version of Crosscheck');
  }
  const isForm = partForm.test(part) && placeForm.test(place);
  if (!isForm || seal !== sealOf(tenantId, filter, part, place)) {
    throw new PositionError('it was changed, or belongs to another filter or another tenant');
  }
  return [part, place];
}

function sealOf(tenantId: string, filter: FindingFilter, ...position: readonly string[]): string {
  return shortHash(16, tenantId, canonical({ ...filter }), ...position);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
