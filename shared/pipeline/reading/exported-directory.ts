import type { Coverage } from '../../domain/reading/coverage';
import {
  coverageOfRounds,
  KnownDirectory,
  type ObjectRow,
  type Round,
} from '../../domain/reading/directory';
import { COLLECTIONS, type Collection, type DirectoryObjectRecord } from '../../domain/record';
import { enumerated } from '../../domain/text';
import { between, HOUR, toMinute } from '../../domain/time';
import type { ExportedDirectoryPage, ExportPage } from '../queries/export-tally';

interface Page extends ExportedDirectoryPage {
  readonly rows: readonly ObjectRow[];
}

/** What exported pages of the directory come to. */
export interface DirectoryReading {
  readonly records: readonly DirectoryObjectRecord[];
  readonly coverage: Coverage | undefined;
  /** What they leave open, in sentences. */
  readonly warnings: readonly string[];
}

/** A page that was written longer after the one before does not follow it: the download had broken off. */
const SAME_ROUND = HOUR;

/** Gathers the pages of directory objects of an export, in whatever order they come, and makes rounds of them. */
export class ExportedDirectory {
  readonly #pages: Page[] = [];
  /** A file could not be read: nobody knows whether a page is missing in the middle. */
  #isDamaged = false;

  add({ directory, rows, unreadable }: ExportPage): void {
    this.#isDamaged ||= unreadable !== undefined;
    if (directory !== undefined) {
      this.#pages.push({ ...directory, rows: rows.flatMap(({ object }) => object ?? []) });
    }
  }

  get isEmpty(): boolean {
    return this.#pages.length === 0;
  }

  read(): DirectoryReading {
    const rounds = COLLECTIONS.flatMap((each) => this.#roundsOf(each));
    const complete = COLLECTIONS.filter((each) =>
      rounds.some(({ collection, isComplete }) => collection === each && isComplete),
    );
    const directory = new KnownDirectory(complete);
    const inOrder = rounds.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    return {
      records: inOrder.flatMap((round) => directory.apply(round)),
      coverage: coverageOfRounds(rounds),
      warnings: this.isEmpty ? [] : [...missing(complete), ...incomplete(rounds)],
    };
  }

  /** Pages up to one that names no next page are one round, and so are all of one time. */
  #roundsOf(collection: Collection): readonly Round[] {
    const pages = this.#pages
      .filter((each) => each.collection === collection)
      .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const groups: Page[][] = [];
    for (const page of pages) {
      const group = groups.at(-1);
      if (group !== undefined && isOfRound(page, group)) {
        group.push(page);
      } else {
        groups.push([page]);
      }
    }
    return groups.map((group) => this.#roundOf(collection, group));
  }

  #roundOf(collection: Collection, pages: readonly Page[]): Round {
    const [first] = pages as [Page, ...Page[]];
    const mayLackOne = this.#isDamaged && pages.some(({ hasNext }) => hasNext);
    return {
      ...{ collection, at: first.at, isWhole: !pages.some(({ isDelta }) => isDelta) },
      isComplete: isAtEnd(pages) && !mayLackOne && pages.every(({ isUsable }) => isUsable),
      rows: pages.flatMap(({ rows }) => rows),
    };
  }
}

function isOfRound(page: Page, group: readonly Page[]): boolean {
  const last = group.at(-1);
  if (last === undefined || page.at === last.at) {
    return true;
  }
  const isSaid = page.isSaid || last.isSaid;
  return !isSaid && !isAtEnd(group) && between(last.at, page.at) <= SAME_ROUND;
}

function isAtEnd(pages: readonly Page[]): boolean {
  return pages.some(({ hasNext }) => !hasNext);
}

function missing(complete: readonly Collection[]): readonly string[] {
  const unread = COLLECTIONS.filter((each) => !complete.includes(each));
  return unread.length === 0
    ? []
    : [
        `of the directory, ${enumerated(unread)} were not read completely: what they hold and want is not known.`,
      ];
}

function incomplete(rounds: readonly Round[]): readonly string[] {
  return rounds
    .filter(({ isComplete }) => !isComplete)
    .map(
      ({ collection, at }) =>
        `the round of ${collection} of ${toMinute(at)} is incomplete: a page that follows is missing, or a row cannot be ` +
        'used. It shows objects, and nothing is taken for removed by it.',
    );
}
