import { z } from 'zod';
import type { Directory, ListedMethods } from '../../pipeline/ports/directory';
import { graphClient, pathOf } from './graph-client';
import { ask, badAnswer, unavailable, type RequestOptions } from './request';

const DETAILS = '/reports/authenticationMethods/userRegistrationDetails';
const SELECT = '$select=id,methodsRegistered&$top=999';
/** Of one filter; longer ones are refused. */
const IDS = 15;
/** Somebody waits for the answer. */
const TRIES = 2;
/** A million people. */
const MAX_PAGES = 1_001;

const details = z.object({
  id: z.string().min(1),
  methodsRegistered: z.array(z.string()).nullish(),
});
const member = z.object({ id: z.string().min(1), '@odata.type': z.string().optional() });

/**
 * The directory through Microsoft Graph. `userRegistrationDetails` needs AuditLog.Read.All and Entra ID P1; the members
 * of a group need GroupMember.Read.All, or Directory.Read.All.
 * @see https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
 * @see https://learn.microsoft.com/graph/api/group-list-transitivemembers
 */
export function graphDirectory(options: RequestOptions): Directory {
  const get = graphClient(options);
  async function* pages<T>(first: string, schema: z.ZodType<T>): AsyncIterable<readonly T[]> {
    let path: string | undefined = first;
    for (let page = 0; path !== undefined; page++) {
      if (page === MAX_PAGES) {
        throw unavailable(`a list has more than ${MAX_PAGES} pages`);
      }
      const answer = await ask(get, path, false, { tries: TRIES, ...options });
      const read = z.array(schema).safeParse(answer.rows);
      if (!read.success) {
        throw badAnswer(`Graph answered ${first.split('?')[0] ?? ''} with a row of another shape`);
      }
      yield read.data;
      const next: string | undefined =
        answer.nextLink && pathOf(answer.nextLink, options.baseUrl, first);
      if (next === path) {
        throw badAnswer('Graph answered with a next page that is the same page again');
      }
      path = next;
    }
  }
  return {
    async *listedMethods(userIds) {
      for (const filter of filtersFor(userIds)) {
        for await (const page of pages(`${DETAILS}?${filter}${SELECT}`, details)) {
          yield page.map(({ id, methodsRegistered }): ListedMethods => ({
            userId: id.toLowerCase(),
            methods: methodsRegistered ?? [],
          }));
        }
      }
    },
    async *membersOf(groupId) {
      const path = `/groups/${encodeURIComponent(groupId)}/transitiveMembers?$select=id&$top=999`;
      for await (const page of pages(path, member)) {
        yield page
          .filter((each) => (each['@odata.type'] ?? '#microsoft.graph.user').endsWith('.user'))
          .map(({ id }) => id.toLowerCase());
      }
    },
  };
}

function filtersFor(userIds: readonly string[] | undefined): readonly string[] {
  if (userIds === undefined) {
    return [''];
  }
  return Array.from({ length: Math.ceil(userIds.length / IDS) }, (_, i) => {
    const ids = userIds.slice(i * IDS, (i + 1) * IDS);
    const clauses = ids.map((id) => `id eq '${id.replaceAll("'", "''")}'`);
    return `$filter=${encodeURIComponent(clauses.join(' or '))}&`;
  });
}
