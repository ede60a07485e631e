import type { Property } from '../domain/reading/feed';
import type { EntraRecord, Log, Source } from '../domain/record';
import type { RowShape } from './shape';

/** The record that a row of a source becomes. */
export type RecordOf<S extends Source> = Extract<EntraRecord, { readonly source: S }>;

/** How Graph takes a property in a filter, by its documentation: the kind of its values, and whether `startswith` works. */
export interface Filterable {
  readonly kind: 'time' | 'text' | 'number';
  readonly startswith?: boolean;
}
/** A list, which `any` asks about: what its members may be filtered by. */
export interface FilterableList {
  readonly kind: 'list';
  readonly of: Readonly<Record<string, Filterable>>;
}
export type Filterables = Readonly<Record<string, Filterable | FilterableList>>;

/**
 * What there is to know of a source before one of its rows is read. It loads nothing, because the platform loads every
 * timer when it starts.
 */
interface CommonSpec<S extends Source> {
  readonly id: S;
  /** As people read it inside a sentence, like `the audit log`. */
  readonly title: string;
  /** Its rows, like `audit records`. */
  readonly records: string;
  /** What feeds pick rows by, each with what a record says of it. */
  readonly feeds: Readonly<Partial<Record<Property, (record: RecordOf<S>) => unknown>>>;
  /** Whom a record is about, when it is a person. */
  readonly personId: (record: RecordOf<S>) => string | undefined;
  /** The permission of Graph that it is read with. */
  readonly permission: string;
  /** The licence without which Graph refuses it. */
  readonly licence?: string;
}

/** A log: it is polled, and each of its rows says that something happened. */
export interface LogSpec<S extends Log = Log> extends CommonSpec<S> {
  readonly kind: 'log';
  /** Below the version of Graph. */
  readonly path: string;
  /** The property that says when it happened, and by which rows are asked for. */
  readonly time: string;
  readonly filterables: Filterables;
  /** The filter for all rows about one person, whatever they are; the id is an OData literal. */
  readonly about: (id: string) => string;
  /** How its rows look in exports. */
  readonly shape: RowShape;
  /** The property that holds Conditional Access policies, which Graph leaves out without a permission of its own. */
  readonly policies?: string;
}

/** A snapshot: it is read round by round, and a round says how everything stands. */
export interface SnapshotSpec extends CommonSpec<Exclude<Source, Log>> {
  readonly kind: 'snapshot';
}

export type SourceSpec<S extends Source = Source> = S extends Log ? LogSpec<S> : SnapshotSpec;
