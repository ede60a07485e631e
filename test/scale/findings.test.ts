import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import { HOUR, monthOf, plus } from '../../shared/domain/time';
import { LOOKED_AT } from '../../shared/pipeline/findings/finding-lines';
import type { FindingFilter, ListPage } from '../../shared/pipeline/ports/finding-index';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { SubjectLookup } from '../../shared/pipeline/queries/subject-lookup';
import { TENANT } from '../contracts/samples';
import { DETECTOR_IDS, NEWEST_MONTH, PER_PERSON, RARE, seed, seeded } from './seed';

/** `COUNT=10000 npm run test:scale` is a quick look. */
const COUNT = Number(process.env['COUNT'] ?? 100_000);
const PAGE = 50;
/** What a filter may cost beyond the one request of its page. */
const FURTHER = 5;
/** The service hands out no more rows per request. */
const LARGEST_PAGE = 1_000;

jest.setTimeout(600_000);
setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

let azurite: Azurite;
let stores: Stores;
let requests = 0;

beforeAll(async () => {
  azurite = await startAzurite();
  stores = tableStores({
    connection: azurite.connection,
    tenantId: 'tenant',
    createMissingTables: true,
    onOperation: () => (requests += 1),
  });
  await seed(stores.index, COUNT);
});

afterAll(async () => {
  await azurite.stop();
});

async function page(
  filter: FindingFilter,
  top: number,
  after?: string,
): Promise<ListPage & { readonly requests: number }> {
  requests = 0;
  return { ...(await stores.index.page(filter, top, after)), requests };
}

describe(`lists of ${COUNT.toLocaleString('en')} findings`, () => {
  it.each<{ by: string; filter: FindingFilter }>([
    { by: 'time', filter: {} },
    { by: 'detector', filter: { detector: 'detector-1' } },
    { by: 'open', filter: { status: 'open' } },
  ])('take one request per page in the newest month, by $by', async ({ filter }) => {
    let after: string | undefined;
    const ids = new Set<string>();
    for (let n = 1; n <= 3; n++) {
      const { lines, next, requests: count } = await page(filter, PAGE, after);
      expect(count).toBe(1);
      lines.forEach((line) => ids.add(line.id));
      expect(lines.every((line) => line.openedAt >= NEWEST_MONTH)).toBe(true);
      expect(ids.size).toBe(n * PAGE);
      after = next;
    }
  });

  it('take at most five more by a detector that says one in a thousand', async () => {
    let after: string | undefined;
    const ids = new Set<string>();
    do {
      const { lines, next, requests: count } = await page({ detector: RARE }, PAGE, after);
      expect(count).toBeLessThanOrEqual(1 + FURTHER);
      lines.forEach((line) => ids.add(line.id));
      after = next;
    } while (after !== undefined);

    expect(ids.size).toBe(COUNT / 1_000);
  });

  it('take at most five more by subject', async () => {
    const own = Array.from({ length: PER_PERSON }, (_, i) => seeded(7 * PER_PERSON + i, COUNT));
    for (const each of own) {
      await stores.findings.commit({ finding: each }, undefined);
    }
    const lookup = new SubjectLookup(stores, TENANT, DETECTOR_IDS);
    requests = 0;

    const { lines } = await lookup.page({ subjectId: 'user-7' }, PAGE);

    expect(lines).toHaveLength(PER_PERSON);
    expect(requests).toBeLessThanOrEqual(1 + FURTHER);
  });

  it.each<{ by: string; filter: FindingFilter }>([
    { by: 'time', filter: {} },
    { by: 'detector', filter: { detector: 'detector-1' } },
  ])('take one more for each month that a page crosses, by $by', async ({ filter }) => {
    // From three lines above the border of a month down over it.
    const above = { ...filter, to: plus(NEWEST_MONTH, HOUR * (1_000_000 / COUNT)) };
    const { lines, next } = await page({ ...above, from: NEWEST_MONTH }, LARGEST_PAGE);
    expect(next).toBeUndefined();
    const before = await page(above, lines.length - 3);
    const crossing = await page(above, PAGE, before.next);

    expect(new Set(crossing.lines.map((line) => monthOf(line.openedAt))).size).toBe(2);
    expect(crossing.lines).toHaveLength(PAGE);
    expect(crossing.requests).toBe(2);
  });

  it('give every finding exactly once, in order, in constant memory', async () => {
    const seen = new Uint8Array(COUNT);
    const heaps: number[] = [];
    let [last, pages, most] = ['9', 0, 0];
    let after: string | undefined;
    do {
      const { lines, next, requests: count } = await page({}, LARGEST_PAGE, after);
      for (const { openedAt, count: n } of lines) {
        seen[n]! += 1;
        expect(openedAt <= last).toBe(true);
      }
      const months = new Set([...(pages === 0 ? [] : [last.slice(0, 7)]), ...lines.map(month)]);
      const end = next === undefined ? 1 : 0; // looks whether there is an older month
      expect(count).toBeLessThanOrEqual(Math.max(months.size, 1) + end);
      last = lines.at(-1)?.openedAt ?? last;
      [after, pages, most] = [next, pages + 1, Math.max(most, count)];
      if (pages % 10 === 0) {
        collectGarbage();
        heaps.push(process.memoryUsage().heapUsed / 1e6);
      }
    } while (after !== undefined);

    expect(seen.every((times) => times === 1)).toBe(true);
    expect(most).toBeLessThanOrEqual(2);
    expect(Math.max(...heaps) - heaps[0]!).toBeLessThan(20);
  });

  it.each<{ by: string; filter: FindingFilter; of: number }>([
    { by: 'the beginning of a name', filter: { subjectName: 'no such person' }, of: COUNT },
    { by: 'a text', filter: { text: 'no such text' }, of: COUNT },
    { by: 'severity and text', filter: { severity: 'high', text: 'no such text' }, of: COUNT },
    { by: 'text, open', filter: { status: 'open', text: 'no such text' }, of: COUNT / 10 },
  ])('look at a bounded number of lines for $by, and say where to go on', async (row) => {
    const { filter, of } = row;
    let after: string | undefined;
    for (let n = 0; n < 2; n++) {
      const { lines, next, requests: count } = await page(filter, PAGE, after);
      expect(lines).toEqual([]);
      expect(count).toBeLessThanOrEqual(LOOKED_AT / LARGEST_PAGE + 1);
      if (n === 0 && of > LOOKED_AT) {
        expect(next).toBeDefined();
      }
      after = next;
    }
  });

  it('find the findings of a person by the beginning of the name', async () => {
    const filter = { subjectName: 'pERSON 77', detector: 'detector-1', from: NEWEST_MONTH };
    const names = new Set<string | undefined>();
    let after: string | undefined;
    do {
      const { lines, next } = await page(filter, PAGE, after);
      lines.forEach((line) => names.add(line.subject.name));
      after = next;
    } while (after !== undefined);

    expect(names.size).toBeGreaterThan(0);
    expect([...names].every((name) => name?.startsWith('Person 77'))).toBe(true);
  });
});

function month({ openedAt }: ListPage['lines'][number]): string {
  return monthOf(openedAt);
}
