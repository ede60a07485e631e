import type { Property } from '../domain/reading/feed';
import type { EntraRecord, Log, Source } from '../domain/record';
import { directoryAudits } from './directory-audits';
import { directoryObjects } from './directory-objects';
import { signIns } from './sign-ins';
import type { SourceSpec } from './source';

/** The register of sources: a new one is a folder, and a line here. */
export const REGISTER: { readonly [S in Source]: SourceSpec<S> } = {
  directoryAudits,
  directoryObjects,
  signIns,
};

/** What is read. */
export const SOURCES = Object.keys(REGISTER) as readonly Source[];
/** What is polled, each by a timer of its own. */
export const LOGS = SOURCES.filter((source): source is Log => isLog(source));

/** True for a log, which says what happened; a snapshot says how everything stands. */
export function isLog(source: Source): source is Log {
  return REGISTER[source].kind === 'log';
}

/** The questions that can be asked about any record. */
interface Questions {
  readonly feeds: Readonly<Partial<Record<Property, (record: EntraRecord) => unknown>>>;
  readonly personId: (record: EntraRecord) => string | undefined;
}

/** The entry of a record's source, with the questions that can be asked about any record. */
export function specOf({ source }: Pick<EntraRecord, 'source'>): Questions {
  return REGISTER[source] as Questions;
}

/** Something for each source. */
export function forEachSource<T>(make: (source: Source) => T): Readonly<Record<Source, T>> {
  return Object.fromEntries(SOURCES.map((source) => [source, make(source)])) as Record<Source, T>;
}

/** The title of a source as people read it at the beginning of a sentence. */
export function titleAtStart(source: Source): string {
  const { title } = REGISTER[source];
  return title.charAt(0).toUpperCase() + title.slice(1);
}
