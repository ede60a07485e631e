import { timelineId, type Finding } from '../../domain/findings/finding';
import {
  lineOf,
  passes,
  placeOf,
  positionAfter,
  readPosition,
  writePosition,
} from '../findings/finding-lines';
import type { FindingFilter, FindingIndex, ListPage, IndexRow } from '../ports/finding-index';
import type { FindingStore } from '../ports/finding-store';
import type { OnUnreadable } from '../ports/unreadable-row';

/**
 * Lists by subject without a list of their own: a subject has one timeline for each detector, and these few are read
 * instead. Everything else is asked of the index.
 */
export class SubjectLookup implements FindingIndex {
  readonly #index: FindingIndex;
  readonly #findings: Pick<FindingStore, 'readTimeline'>;
  readonly #tenantId: string;
  readonly #detectors: readonly string[];

  /** @param detectors all whose findings there may be, also those that are gone. */
  constructor(
    stores: { readonly index: FindingIndex; readonly findings: Pick<FindingStore, 'readTimeline'> },
    tenantId: string,
    detectors: readonly string[],
  ) {
    this.#index = stores.index;
    this.#findings = stores.findings;
    this.#tenantId = tenantId;
    this.#detectors = detectors;
  }

  async page(
    filter: FindingFilter,
    top: number,
    after?: string,
    onUnreadable?: OnUnreadable,
  ): Promise<ListPage> {
    const { subjectId, detector } = filter;
    if (subjectId === undefined) {
      return this.#index.page(filter, top, after, onUnreadable);
    }
    const start = after === undefined ? '' : readPosition(this.#tenantId, filter, after).place;
    const timelines = (detector === undefined ? this.#detectors : [detector]).map((each) =>
      this.#findings.readTimeline(timelineId(this.#tenantId, each, subjectId), onUnreadable),
    );
    const lines = (await Promise.all(timelines))
      .flat()
      .map(({ finding }) => lineOf(finding))
      .filter((line) => passes(line, filter) && placeOf(line) > start)
      .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    const page = lines.slice(0, top);
    const last = page.at(-1);
    return last === undefined || page.length === lines.length
      ? { lines: page }
      : {
          lines: page,
          next: writePosition(this.#tenantId, filter, positionAfter(filter, last)),
        };
  }

  put(finding: Finding): Promise<void> {
    return this.#index.put(finding);
  }

  addAll(findings: readonly Finding[]): Promise<void> {
    return this.#index.addAll(findings);
  }

  remove(finding: Finding): Promise<void> {
    return this.#index.remove(finding);
  }

  rows(): AsyncIterable<IndexRow> {
    return this.#index.rows();
  }

  keep(row: IndexRow): Promise<void> {
    return this.#index.keep(row);
  }

  drop(row: IndexRow): Promise<void> {
    return this.#index.drop(row);
  }
}
