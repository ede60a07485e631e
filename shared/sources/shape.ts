import { isGiven, isRecord, type Row } from './values';

/** A row that is being brought into the shape of Graph v1.0. */
export type GraphRow = Record<string, unknown>;

/** Gathers what is wrong with a row; the first thing is what a person is told. */
export type Flaws = string[];

/** How the rows of a source look in exports, and what has to be done to them. */
export interface RowShape {
  /** True for a row of Graph: by names that users, risk detections, provisioning rows and the like do not have. */
  readonly isGraph: (row: Row) => boolean;
  /** True for a row in columns (Log Analytics, Graph PowerShell). */
  readonly isColumns: (row: Row) => boolean;
  /** Categories of diagnostic settings and tables of Log Analytics, in lower case. */
  readonly tables: readonly string[];
  /** For each property of Graph the columns that may hold it: a detector that needs another one adds it here. */
  readonly columns: readonly (readonly [property: string, columns: readonly string[]])[];
  /** Without these nothing can be said of a record, so a query that leaves them out gives no usable export. */
  readonly necessary: readonly (readonly [property: string, column: string])[];
  /** Fills what a record lacks from what stands around it. */
  readonly complete: (graph: GraphRow, envelope: Row) => void;
  /** Brings values into those of Graph, and tells what keeps a row from being used. */
  readonly finish: (graph: GraphRow, flaws: Flaws) => GraphRow;
  /** What is wrong with that by which rows are picked: nobody knows then whether a detector reads the row. */
  readonly problem: (row: Row) => string | undefined;
  /** The CSV of the Entra admin center, where it has columns of its own. */
  readonly portal?: {
    readonly is: (row: Row) => boolean;
    readonly toGraph: (row: Row) => GraphRow;
  };
}

/**
 * True for what stands where PowerShell flattened an object away: "System.Object[]", "@{user=; app=}",
 * "Microsoft.Graph.PowerShell.Models.MicrosoftGraphTargetResource".
 */
export function isTypeName(value: unknown): boolean {
  return typeof value === 'string' && /^(?:System\.|Microsoft\.Graph\.|@\{)/.test(value);
}

/** What a person is told of such a property. */
export function tooFlat(property: string): string {
  return (
    `${property} holds the name of a type instead of its content, as ConvertTo-Json writes below its depth and ` +
    'Export-Csv everywhere; export again with ConvertTo-Json -Depth 10'
  );
}

/** The first that an envelope has of some names. Some pipelines lower-case them. */
export function envelopeValue(envelope: Row, names: readonly string[]): unknown {
  return names.map((name) => envelope[name]).find(isGiven);
}

/** Takes a value for a property that is not given. */
export function fill(graph: GraphRow, property: string, value: unknown): void {
  if (!isGiven(graph[property]) && isGiven(value)) {
    graph[property] = value;
  }
}

/**
 * Graph PowerShell writes nested names in PascalCase too; the values of modified properties keep theirs. Windows
 * PowerShell 5.1 writes some lists as an object of `value` and `Count`.
 */
export function camelCased(value: unknown, levels = 6): unknown {
  if (levels === 0) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((each) => camelCased(each, levels - 1));
  }
  if (!isRecord(value)) {
    return value;
  }
  if (Array.isArray(value['value']) && typeof value['Count'] === 'number') {
    return camelCased(value['value'], levels);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = key.charAt(0).toLowerCase() + key.slice(1);
      const isChange = name === 'oldValue' || name === 'newValue';
      return [name, isChange ? inner : camelCased(inner, levels - 1)];
    }),
  );
}
