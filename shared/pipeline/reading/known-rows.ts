import type { ReadableRow } from '../../domain/reading/quarantine';
import type { Source } from '../../domain/record';
import { between, MINUTE, type Instant } from '../../domain/time';

/** At most so many are remembered; then all are forgotten, which costs requests and nothing else. */
const MOST = 100_000;
/** Another process may have met one of the rows spoilt since: that gap stands for no longer than this. */
const LONGEST = 30 * MINUTE;

/**
 * Rows that this process has read well a short while ago, and of which it has ended every gap since. The late tail is
 * read again at every poll; without this, the quarantine would be looked up each time for rows that were seen before.
 */
export class KnownRows {
  readonly #keys = new Set<string>();
  #since: Instant | undefined;

  /** True when all these rows were read before. */
  hasAll(source: Source, rows: readonly ReadableRow[], now: Instant): boolean {
    if (this.#since !== undefined && Math.abs(between(this.#since, now)) > LONGEST) {
      this.forget();
    }
    return rows.every((row) => this.#keys.has(keyOf(source, row)));
  }

  /** To be called once the gaps that the rows end are ended. */
  add(source: Source, rows: readonly ReadableRow[], now: Instant): void {
    if (this.#keys.size + rows.length > MOST) {
      this.forget();
    }
    this.#since ??= now;
    rows.slice(0, MOST).forEach((row) => this.#keys.add(keyOf(source, row)));
  }

  /** A row came that cannot be read: its gap may be that of a row that was read before. */
  forget(): void {
    this.#keys.clear();
    this.#since = undefined;
  }
}

function keyOf(source: Source, { id, at, subjectId = '' }: ReadableRow): string {
  return [source, at, id, subjectId].join('\n');
}
