import { graphDirectory } from '../../../shared/adapters/graph/graph-directory';
import { Limiter } from '../../../shared/adapters/graph/limiter';
import { toInstant } from '../../../shared/domain/time';
import { VirtualClock } from '../../fakes/clock';

const BASE = new URL('https://graph.example.com');

function over(answers: readonly Response[]) {
  const clock = new VirtualClock(toInstant('2026-01-01T00:00:00Z'));
  const left = [...answers];
  const asked: string[] = [];
  const fakeFetch = ((url: string) => {
    asked.push(decodeURIComponent(url));
    return Promise.resolve(left.shift() ?? new Response('', { status: 500 }));
  }) as typeof fetch;
  const directory = graphDirectory({
    ...{ baseUrl: BASE, getToken: undefined, fetch: fakeFetch, clock, random: () => 0.5 },
    limiter: new Limiter(clock, 1_000),
  });
  return { directory, asked };
}

async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const rows: T[] = [];
  for await (const page of pages) {
    rows.push(...page);
  }
  return rows;
}

describe('adapters/graph/graph-directory', () => {
  it('reads the methods of everybody, page by page', async () => {
    const next = `${BASE.origin}/v1.0/reports/authenticationMethods/userRegistrationDetails?$skiptoken=x`;
    const { directory, asked } = over([
      Response.json({
        '@odata.nextLink': next,
        value: [{ id: 'AA', methodsRegistered: ['email'] }],
      }),
      Response.json({ value: [{ id: 'bb', methodsRegistered: null }] }),
    ]);

    expect(await all(directory.listedMethods())).toEqual([
      { userId: 'aa', methods: ['email'] },
      { userId: 'bb', methods: [] },
    ]);
    expect(asked[0]).toContain('?$select=id,methodsRegistered&$top=999');
  });

  it('asks for a few people by name, and not for more at once than a filter takes', async () => {
    const { directory, asked } = over([Response.json({ value: [] }), Response.json({ value: [] })]);

    await all(directory.listedMethods(Array.from({ length: 16 }, (_, i) => `id'${i}`)));

    expect(asked.map((url) => url.match(/id eq/g)?.length)).toEqual([15, 1]);
    expect(asked[1]).toContain("?$filter=id eq 'id''15'&$select=");
  });

  it('takes of a group the users only, and a group of none for one without a type', async () => {
    const { directory, asked } = over([
      Response.json({
        value: [
          { '@odata.type': '#microsoft.graph.user', id: 'U1' },
          { '@odata.type': '#microsoft.graph.group', id: 'g1' },
          { id: 'u2' },
        ],
      }),
    ]);

    expect(await all(directory.membersOf('g/1'))).toEqual(['u1', 'u2']);
    expect(asked[0]).toContain('/v1.0/groups/g/1/transitiveMembers?$select=id&$top=999');
  });

  it.each([
    ['a row of another shape', { value: [{ id: 7 }] }, 'a row of another shape'],
    ['no list', { value: {} }, 'without a list'],
  ])('refuses %s', async (_what, body, message) => {
    const { directory } = over(Array.from({ length: 4 }, () => Response.json(body)));

    await expect(all(directory.listedMethods())).rejects.toThrow(message);
  });

  it('follows no link to the same page again', async () => {
    const first = '/v1.0/groups/g/transitiveMembers?$select=id&$top=999';
    const { directory } = over([
      Response.json({ value: [], '@odata.nextLink': `${BASE.origin}${first}` }),
    ]);

    await expect(all(directory.membersOf('g'))).rejects.toThrow('the same page again');
  });
});
