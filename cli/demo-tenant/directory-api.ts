import { errorAnswer, type Answer } from './audit-log-api';
import { FilterError, parseFilter } from './odata-filter';
import type { Person } from './people';

/** A group of the demo tenant: everybody who has not been there for long. */
export const DEMO_GROUP = '11111111-0000-4000-8000-00000000f001';

const DETAILS = '/v1.0/reports/authenticationMethods/userRegistrationDetails';
const MEMBERS = /^\/v1\.0\/groups\/([^/]+)\/transitiveMembers$/;

/** What Graph says of people and groups. @returns undefined for every other path. */
export function answerDirectory(url: URL, people: readonly Person[]): Answer | undefined {
  const [, group] = MEMBERS.exec(url.pathname) ?? [];
  if (group !== undefined) {
    return group.toLowerCase() === DEMO_GROUP
      ? list(
          people
            .filter(({ phone }) => phone === undefined)
            .map(({ id }) => ({ '@odata.type': '#microsoft.graph.user', id })),
        )
      : errorAnswer(404, 'Request_ResourceNotFound', `Resource '${group}' does not exist.`);
  }
  if (url.pathname !== DETAILS) {
    return undefined;
  }
  const filter = url.searchParams.get('$filter');
  try {
    const admits = filter === null ? () => true : parseFilter(filter, { id: { kind: 'text' } });
    return list(people.map(detailsOf).filter(admits));
  } catch (error) {
    if (error instanceof FilterError) {
      return errorAnswer(400, 'BadRequest', `Invalid filter clause: ${error.message}`);
    }
    throw error;
  }
}

/** Whoever registered long ago has a phone number, too. */
function detailsOf({ id, upn, phone }: Person) {
  return {
    ...{ id, userPrincipalName: upn },
    methodsRegistered: [
      'microsoftAuthenticatorPush',
      ...(phone === undefined ? [] : ['mobilePhone']),
    ],
  };
}

function list(value: readonly object[]): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value }),
  };
}
