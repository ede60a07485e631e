import { json, wrongParameters, type Answer } from './answer';
import { filterOf, findingsQuery, readQuery } from './api-schema';
import { PositionError, type FindingIndex, type FindingLine, type FindingLines } from './ports';

/** Answers `GET /api/findings`: a page of the list, the newest opened first. */
export async function answerFindings(
  index: FindingIndex,
  parameters: Iterable<readonly [string, string]>,
  detectors?: readonly string[],
): Promise<Answer> {
  const read = readQuery(findingsQuery, parameters, detectors);
  if ('refusal' in read) {
    return read.refusal;
  }
  const { top, after } = read.value;
  const page = await pageOf(() => index.page(filterOf(read.value), top, after));
  if ('refusal' in page) {
    return page.refusal;
  }
  const { lines, next } = page.value;
  return json({ findings: lines.map(lineJson), ...(next !== undefined && { next }) });
}

/** One finding of a list, as JSON: fixed order, and a name for everybody. */
export function lineJson(line: FindingLine): Record<string, unknown> {
  const { resolution, suppressed, resolvedAt, subject } = line;
  return {
    id: line.id,
    detector: line.detector,
    stage: line.stage,
    severity: line.severity,
    status: line.status,
    ...(resolution !== undefined && { resolution }),
    ...(suppressed !== undefined && { suppressed }),
    message: line.message,
    title: line.title,
    subject: { type: subject.type, id: subject.id, name: subject.name ?? subject.id },
    firstSeenAt: line.firstSeenAt,
    lastSeenAt: line.lastSeenAt,
    openedAt: line.openedAt,
    ...(resolvedAt !== undefined && { resolvedAt }),
    count: line.count,
  };
}

/** Turns the one failure that the caller can mend into an answer. */
export async function pageOf(
  ask: () => Promise<FindingLines>,
): Promise<{ readonly value: FindingLines } | { readonly refusal: Answer }> {
  try {
    return { value: await ask() };
  } catch (error) {
    return { refusal: refusalOfPosition(error) };
  }
}

/** @throws what is no PositionError. */
export function refusalOfPosition(error: unknown): Answer {
  if (error instanceof PositionError) {
    return wrongParameters([{ parameter: 'after', detail: error.message }]);
  }
  throw error;
}
