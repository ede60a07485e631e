import type { Finding, Status, Transition } from '../domain/finding';
import type { Severity } from '../domain/detector';
import { RunningHash } from '../domain/running-hash';
import { between, type Duration, type Instant } from '../domain/time';
import { answer, type Answer } from './answer';
import { exportQuery, filterOf, readQuery, type ExportFormatName } from './api-schema';
import { lineOf, passes } from './finding-lines';
import { refusalOfPosition } from './findings-query';
import {
  UnreadableRowError,
  type FindingFilter,
  type FindingIndex,
  type FindingLine,
  type FindingStore,
  type Now,
} from './ports';

/** How findings are written. Every line ends with a line feed and holds no other. */
export interface ExportFormat {
  readonly contentType: string;
  readonly extension: string;
  /** What comes before the first finding. */
  readonly head: string;
  readonly hasHistory: boolean;
  readonly line: (finding: Finding, history: readonly Transition[]) => string;
  readonly last: (manifest: Manifest) => string;
}

/** What an export was: who it is of, what was asked, what is in it, and by what it can be checked. */
export interface Manifest {
  readonly product: 'Crosscheck';
  readonly version: string;
  readonly tenantId: string;
  readonly format: ExportFormatName;
  readonly filter: FindingFilter;
  /** Where it went on from an earlier part. */
  readonly after?: string;
  readonly requestedBy: string;
  readonly begunAt: Instant;
  readonly endedAt: Instant;
  readonly findings: number;
  readonly byStatus: Readonly<Partial<Record<Status, number>>>;
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>;
  /** Listed, but changed or purged between list and reading, so that the filter does not fit any more. */
  readonly left: number;
  /** Listed, but its finding or history cannot be read: `crosscheck verify` names the row. */
  readonly unreadable: number;
  /** False when one answer could not hold it all: ask again with `next` as `after`. */
  readonly complete: boolean;
  readonly next?: string;
  /** Of every byte before the manifest. */
  readonly sha256: string;
  /** SHA-256 of `<id> <sequence> <head>` and a line feed for each finding, in their order here. */
  readonly heads: string;
}

export interface ExportPlan {
  readonly index: FindingIndex;
  readonly findings: Pick<FindingStore, 'find' | 'history'>;
  readonly clock: Now;
  readonly format: ExportFormat;
  readonly name: ExportFormatName;
  readonly filter: FindingFilter;
  readonly after?: string;
  readonly about: Pick<Manifest, 'version' | 'tenantId' | 'requestedBy'>;
  /** No further page is begun when this is over, or so many characters are written. */
  readonly budget?: { readonly time: Duration; readonly characters: number };
}

const PAGE = 200;
/** Findings are read side by side, so that a long way to the storage does not add up. */
const AT_ONCE = 20;
/**
 * The platform ends an answer after 230 s. And the library that carries it does not wait for slow readers
 * (@azure/functions 4.16, src/http/httpProxy.ts), so what one answer holds is what memory must hold in the worst case.
 */
const HTTP_BUDGET = { time: 180_000, characters: 48_000_000 };

/** An export that had to end before its last finding and may not say so in its text. */
export class ExportCutError extends Error {
  override readonly name = 'ExportCutError';
}

/**
 * Yields an export piece by piece, a page of the list at a time: what was yielded is forgotten.
 * @returns its manifest.
 * @throws PositionError when `after` is of another filter.
 */
export async function* exportFindings(plan: ExportPlan): AsyncGenerator<string, Manifest> {
  const { index, format, filter, clock, about, name, budget } = plan;
  const begunAt = clock.now();
  const [bytes, heads] = [new RunningHash(), new RunningHash()];
  const byStatus: Partial<Record<Status, number>> = {};
  const bySeverity: Partial<Record<Severity, number>> = {};
  let [findings, left, unreadable, characters] = [0, 0, 0, 0];
  let piece = format.head;
  let next = plan.after;
  do {
    const page = await index.page(filter, PAGE, next);
    next = page.next;
    for (const lines of slicesOf(page.lines)) {
      for (const read of await Promise.all(lines.map((line) => readOne(plan, line)))) {
        if (read === 'left' || read === 'unreadable') {
          left += read === 'left' ? 1 : 0;
          unreadable += read === 'left' ? 0 : 1;
          continue;
        }
        const { finding, history } = read;
        findings += 1;
        byStatus[finding.status] = (byStatus[finding.status] ?? 0) + 1;
        bySeverity[finding.severity] = (bySeverity[finding.severity] ?? 0) + 1;
        heads.add(`${finding.id} ${finding.sequence} ${finding.head}\n`);
        piece += format.line(finding, history);
      }
      bytes.add(piece);
      characters += piece.length;
      yield piece;
      piece = '';
    }
  } while (
    next !== undefined &&
    between(begunAt, clock.now()) < (budget?.time ?? Infinity) &&
    characters < (budget?.characters ?? Infinity)
  );
  bytes.add(piece);
  if (piece !== '') {
    yield piece; // there was no finding at all
  }
  return {
    ...{ product: 'Crosscheck', ...about, format: name, filter },
    ...(plan.after !== undefined && { after: plan.after }),
    ...{ begunAt, endedAt: clock.now(), findings, byStatus, bySeverity },
    ...{ left, unreadable },
    complete: next === undefined,
    ...(next !== undefined && { next }),
    ...{ sha256: bytes.end(), heads: heads.end() },
  };
}

/** Answers `GET /api/export`: begins the answer only once the first page is there, so that what is wrong is said. */
export async function answerExport(
  parameters: Iterable<readonly [string, string]>,
  plan: Omit<ExportPlan, 'filter' | 'after' | 'name' | 'format'>,
  formatOf: (name: ExportFormatName) => ExportFormat,
  detectors?: readonly string[],
): Promise<Answer> {
  const read = readQuery(exportQuery, parameters, detectors);
  if ('refusal' in read) {
    return read.refusal;
  }
  const { format: name, manifest, after } = read.value;
  const format = formatOf(name);
  const pieces = exportFindings({
    ...{ budget: HTTP_BUDGET, ...plan, format, name, filter: filterOf(read.value) },
    ...(after !== undefined && { after }),
  });
  try {
    const first = await pieces.next();
    const body = whole(first, pieces, manifest === 'last' ? format : undefined);
    const file = `crosscheck-findings.${format.extension}`;
    return answer(200, format.contentType, body, {
      'Content-Disposition': `attachment; filename="${file}"`,
    });
  } catch (error) {
    return refusalOfPosition(error);
  }
}

async function* whole(
  first: IteratorResult<string, Manifest>,
  pieces: AsyncGenerator<string, Manifest>,
  format: ExportFormat | undefined,
): AsyncGenerator<string, void> {
  try {
    let step = first;
    while (step.done !== true) {
      yield step.value;
      step = await pieces.next();
    }
    if (format !== undefined) {
      yield format.last(step.value);
    } else if (!step.value.complete) {
      throw new ExportCutError(
        'one answer cannot hold this export; ask with manifest=last, and go on with its `next`',
      );
    }
  } finally {
    await pieces.return(undefined as never); // whoever asked may have gone away
  }
}

/** A finding as it is now, unless it does not fit the filter any more by which the list named it. */
async function readOne(
  { findings, filter, format }: ExportPlan,
  line: FindingLine,
): Promise<{ finding: Finding; history: readonly Transition[] } | 'left' | 'unreadable'> {
  try {
    const stored = await findings.find(line.id);
    if (stored === undefined || !passes(lineOf(stored.finding), filter)) {
      return 'left';
    }
    const history = format.hasHistory ? await findings.history(line.id) : [];
    return { finding: stored.finding, history };
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      return 'unreadable';
    }
    throw error;
  }
}

function slicesOf(lines: readonly FindingLine[]): readonly (readonly FindingLine[])[] {
  return Array.from({ length: Math.ceil(lines.length / AT_ONCE) }, (_, i) =>
    lines.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
}
