import type { Log } from '../../domain/record';
import { REGISTER } from '../../sources';
import { camelCased, type Flaws } from '../../sources/shape';
import { isGiven, type Row } from '../../sources/values';
import { isNested, parsed } from './graph-shape';

/** Brings the columns of a record into the shape of Graph. */
export function fromColumns(source: Log, row: Row, flaws: Flaws): Record<string, unknown> {
  const { columns: all, necessary, complete } = REGISTER[source].shape;
  const graph: Record<string, unknown> = {};
  for (const [property, columns] of all) {
    const column = columns.find((name) => isGiven(row[name]));
    if (column !== undefined) {
      graph[property] = isNested(property) ? camelCased(parsed(row, column, flaws)) : row[column];
    }
  }
  complete(graph, row);
  const missing = necessary.flatMap(([property, column]) =>
    isGiven(graph[property]) || isGiven(row[column]) ? [] : [column],
  );
  if (missing.length > 0) {
    flaws.push(
      `lacks ${missing.join(' and ')}, which the query or selection left out; add ${missing.length > 1 ? 'them' : 'it'} ` +
        'to its columns and export again',
    );
  }
  return graph;
}
