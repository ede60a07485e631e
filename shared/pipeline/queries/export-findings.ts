import type { Finding, Status } from '../../domain/findings/finding';
import type { Transition } from '../../domain/findings/transition';
import type { Severity } from '../../domain/detector';
import { RunningHash } from '../../domain/running-hash';
import { between, type Duration, type Instant } from '../../domain/time';
import { lineOf, passes, readScanPosition, writeScanPosition } from '../findings/finding-lines';
import { UnreadableRowError } from '../ports/unreadable-row';
import type { FindingFilter, FindingIndex, ListEntry } from '../ports/finding-index';
import type { FindingStore, FindingWithHistory } from '../ports/finding-store';
import type { Now } from '../ports/clock';

export const EXPORT_FORMATS = ['csv', 'ndjson', 'ocsf'] as const;
export type ExportFormatName = (typeof EXPORT_FORMATS)[number];

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
  /** What could not be read, finding or history, whatever the filter: `crosscheck verify` names the row. */
  readonly unreadable: number;
  /** False when something could not be read, or when one answer could not hold it all: ask again with `next` as `after`. */
  readonly complete: boolean;
  readonly next?: string;
  /** Of every byte before the manifest. */
  readonly sha256: string;
  /** SHA-256 of `<id> <sequence> <head>` and a line feed for each finding, in their order here. */
  readonly heads: string;
}

export interface ExportPlan {
  readonly index: FindingIndex;
  readonly findings: Pick<FindingStore, 'find' | 'history' | 'scan'>;
  readonly clock: Now;
  readonly format: ExportFormat;
  readonly name: ExportFormatName;
  readonly filter: FindingFilter;
  readonly after?: string;
  readonly about: Pick<Manifest, 'version' | 'tenantId' | 'requestedBy'>;
  /** No further page is begun when this is over, or so many characters are written. */
  readonly budget?: { readonly time: Duration; readonly characters: number };
}

/** A list that ends within one page is read finding by finding; for a longer one the whole table is read through. */
const PAGE = 200;
/** Findings are read side by side, so that a long way to the storage does not add up. */
const AT_ONCE = 20;
/**
 * Yields an export piece by piece, in order of the ids: what was yielded is forgotten.
 * @returns its manifest.
 * @throws PositionError when `after` is of another filter.
 */
export async function* exportFindings(plan: ExportPlan): AsyncGenerator<string, Manifest> {
  const { format, filter, clock, about, name, budget } = plan;
  const begunAt = clock.now();
  const [bytes, heads] = [new RunningHash(), new RunningHash()];
  const byStatus: Partial<Record<Status, number>> = {};
  const bySeverity: Partial<Record<Severity, number>> = {};
  let [findings, left, unreadable, characters] = [0, 0, 0, 0];
  let piece = format.head;
  let next: string | undefined;
  for await (const part of partsOf(plan)) {
    left += part.left;
    unreadable += part.unreadable;
    for (const { finding, history } of part.found) {
      findings += 1;
      byStatus[finding.status] = (byStatus[finding.status] ?? 0) + 1;
      bySeverity[finding.severity] = (bySeverity[finding.severity] ?? 0) + 1;
      heads.add(`${finding.id} ${finding.sequence} ${finding.head}\n`);
      piece += format.line(finding, history);
    }
    if (part.found.length > 0) {
      bytes.add(piece);
      characters += piece.length;
      yield piece;
      piece = '';
    }
    const isOver =
      between(begunAt, clock.now()) >= (budget?.time ?? Infinity) ||
      characters >= (budget?.characters ?? Infinity);
    if (isOver && part.next !== undefined) {
      next = part.next;
      break;
    }
  }
  bytes.add(piece);
  if (piece !== '') {
    yield piece; // there was no finding at all
  }
  return {
    ...{ product: 'Crosscheck', ...about, format: name, filter },
    ...(plan.after !== undefined && { after: plan.after }),
    ...{ begunAt, endedAt: clock.now(), findings, byStatus, bySeverity },
    ...{ left, unreadable },
    complete: next === undefined && unreadable === 0,
    ...(next !== undefined && { next }),
    ...{ sha256: bytes.end(), heads: heads.end() },
  };
}

/** Some findings of an export, and where to go on after them; absent where nobody may break off. */
interface Part {
  readonly found: readonly FindingWithHistory[];
  readonly left: number;
  readonly unreadable: number;
  readonly next?: string;
}

/** A few findings are read one by one; reading many so would take two requests for each of them. */
async function* partsOf(plan: ExportPlan): AsyncGenerator<Part> {
  if (plan.after === undefined) {
    const { lines, next } = await plan.index.page(plan.filter, PAGE);
    if (next === undefined) {
      yield* listed(plan, lines);
      return;
    }
  }
  yield* scanned(plan);
}

async function* listed(plan: ExportPlan, lines: readonly ListEntry[]): AsyncGenerator<Part> {
  const sorted = lines.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (let from = 0; from < sorted.length; from += AT_ONCE) {
    const slice = sorted.slice(from, from + AT_ONCE);
    const read = await Promise.all(slice.map((line) => readOne(plan, line)));
    yield {
      found: read.filter((each) => typeof each !== 'string'),
      left: read.filter((each) => each === 'left').length,
      unreadable: read.filter((each) => each === 'unreadable').length,
    };
  }
}

async function* scanned(plan: ExportPlan): AsyncGenerator<Part> {
  const { findings, filter, format, about } = plan;
  const after =
    plan.after === undefined ? undefined : readScanPosition(about.tenantId, filter, plan.after);
  const unreadable = new Set<string>();
  const pages = findings.scan({ after, hasHistory: format.hasHistory }, (error) => {
    unreadable.add(error.findingId ?? error.message);
  });
  for await (const { found, upTo } of pages) {
    const fitting = found.filter(({ finding }) => passes(lineOf(finding), filter));
    const next = writeScanPosition(about.tenantId, filter, upTo);
    yield { found: fitting.map(upToHead), left: 0, unreadable: unreadable.size, next };
    unreadable.clear();
  }
}

/** The history that the finding speaks of: a page may have ended between it and a row that came since. */
function upToHead({ finding, history }: FindingWithHistory): FindingWithHistory {
  return { finding, history: history.filter(({ sequence }) => sequence <= finding.sequence) };
}

/** A finding as it is now, unless it does not fit the filter any more by which the list named it. */
async function readOne(
  { findings, filter, format }: ExportPlan,
  line: ListEntry,
): Promise<FindingWithHistory | 'left' | 'unreadable'> {
  try {
    const stored = await findings.find(line.id);
    if (stored === undefined || !passes(lineOf(stored.finding), filter)) {
      return 'left';
    }
    const history = format.hasHistory ? await findings.history(line.id) : [];
    return upToHead({ finding: stored.finding, history });
  } catch (error) {
    if (error instanceof UnreadableRowError) {
      return 'unreadable';
    }
    throw error;
  }
}
