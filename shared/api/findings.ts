import { pick } from '../domain/pick';
import { namedSubject, type NamedSubject } from '../domain/findings/finding-json';
import { LINE_FIELDS, type ListEntry } from '../pipeline/ports/finding-index';
import { endpoint } from './endpoint';
import { filterOf, findingsQuery } from './requests';
import { findingList } from './responses';

/** `GET /api/findings`: a page of the list, the newest opened first. */
export const listFindings = endpoint({
  summary: 'The findings, the newest opened first',
  takes: { query: findingsQuery },
  response: findingList,
  handle: async ({ query }, { monitor }) => {
    const { top, after } = query;
    const { lines, next } = await monitor.stores.index.page(filterOf(query), top, after);
    return { value: { findings: lines.map(lineJson), ...(next !== undefined && { next }) } };
  },
});

/** One finding of a list, as JSON: fixed order, and a name for everybody. */
export function lineJson(
  line: ListEntry,
): Omit<ListEntry, 'subject'> & { readonly subject: NamedSubject } {
  return { ...pick(line, LINE_FIELDS), subject: namedSubject(line.subject) };
}
