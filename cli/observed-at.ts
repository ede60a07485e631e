import { basename, resolve } from 'node:path';
import { TimeError, toInstant, type Instant } from '../shared/domain/time';
import { UsageError } from './exit';

/** What `--observed-at` says of files: when the pages of the directory in them were read. */
export class ObservedAt {
  readonly #byFile = new Map<string, { readonly text: string; readonly at: Instant }>();
  readonly #unused: Set<string>;
  readonly #forAll: Instant | undefined;

  /** @throws UsageError when one is neither a time nor `FILE=TIME`, or when two contradict each other. */
  constructor(values: readonly string[]) {
    let forAll: Instant | undefined;
    for (const value of values) {
      const cut = value.lastIndexOf('=');
      const [file, at] = [value.slice(0, Math.max(cut, 0)), timeIn(value.slice(cut + 1))];
      const isTwice = cut < 0 ? forAll !== undefined : this.#byFile.has(resolve(file));
      if (isTwice) {
        throw new UsageError(`--observed-at says two times for ${cut < 0 ? 'all files' : file}`);
      }
      if (cut < 0) {
        forAll = at;
      } else {
        this.#byFile.set(resolve(file), { text: file, at });
      }
    }
    this.#forAll = forAll;
    this.#unused = new Set(this.#byFile.keys());
  }

  /** The time for a file: its own, else that for all. */
  of(file: string): Instant | undefined {
    const key = this.#keyOf(file);
    if (key !== undefined) {
      this.#unused.delete(key);
      return this.#byFile.get(key)?.at;
    }
    return this.#forAll;
  }

  /** A file of a folder may be named by its name alone. */
  #keyOf(file: string): string | undefined {
    const path = resolve(file);
    return [path, resolve(basename(file))].find((each) => this.#byFile.has(each));
  }

  /** @throws UsageError when it speaks of a file that holds no page of the directory. */
  refuseUnused(): void {
    const [unused] = this.#unused;
    const named = unused === undefined ? undefined : this.#byFile.get(unused)?.text;
    if (named !== undefined) {
      throw new UsageError(
        `--observed-at speaks of ${named}, which is none of the files read, or holds no page of users, groups or contacts`,
      );
    }
  }
}

function timeIn(text: string): Instant {
  try {
    return toInstant(text);
  } catch (error) {
    if (error instanceof TimeError) {
      throw new UsageError(`--observed-at: ${error.message}`);
    }
    throw error;
  }
}
