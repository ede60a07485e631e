import type { Interval } from '../../domain/reading/coverage';
import type { Log } from '../../domain/record';
import { epochOf, SECOND, type Instant } from '../../domain/time';
import type { Wanted } from '../../pipeline/ports/record-source';
import { REGISTER } from '../../sources';

/** The most rows a page may hold; 1,000 is refused by some tenants. */
const TOP = 999;

/**
 * The path and query of a window's first page. Times are unquoted UTC (quoted ones are refused) in whole seconds
 * around the window, with `ge` and `le` (the documented operators); whoever reads checks each row exactly.
 */
export function firstPage(window: Interval, wanted: Wanted): string {
  const { path, time, about } = REGISTER[wanted.source];
  const clauses = [
    `${time} ge ${secondBefore(window.from)}`,
    `${time} le ${secondAfter(window.to)}`,
  ];
  if (wanted.about !== undefined) {
    clauses.push(about(literal(wanted.about)));
  } else if (wanted.filter !== undefined) {
    const { property, values } = wanted.filter;
    clauses.push(`(${values.map((value) => `${property} eq ${literal(value)}`).join(' or ')})`);
  }
  return `${path}?$filter=${encodeURIComponent(clauses.join(' and '))}&$top=${TOP}`;
}

/** The path and query of one row of a source, the newest: whether it can be read at all. */
export function oneRow(source: Log): string {
  return `${REGISTER[source].path}?$top=1`;
}

function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

function secondBefore(instant: Instant): string {
  return `${instant.slice(0, 19)}Z`;
}

function secondAfter(instant: Instant): string {
  const whole = secondBefore(instant);
  const isWhole = instant.endsWith('.0000000Z');
  return isWhole ? whole : `${new Date(epochOf(instant) + SECOND).toISOString().slice(0, 19)}Z`;
}
