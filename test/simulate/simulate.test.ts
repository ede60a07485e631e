import { epochOf, MINUTE, plus } from '../../shared/domain/time';
import { VirtualClock } from '../fakes/clock';
import { simulatedGraph } from './graph';
import { MOST_RATIO } from './report';
import { SCENARIOS, simulate } from './simulate';
import { createWorld, DAY_END, DAY_START } from './world';

jest.setTimeout(60_000); // a day takes a second, and more under the coverage of the whole suite
const SEEDS = [1, 2];

describe('simulated ingest', () => {
  describe.each(SCENARIOS)('%s', (scenario) => {
    it.each(SEEDS)('loses nothing and counts nothing twice, seed %i', async (seed) => {
      const world = createWorld(1_000, seed);

      const figures = await simulate('crosscheck', world, scenario, { seed });

      expect(figures).toMatchObject({ lost: 0, double: 0, lostSignals: 0, doubleSignals: 0 });
    });

    it.each(SEEDS)('is a world in which a watermark loses sign-ins, seed %i', async (seed) => {
      const world = createWorld(1_000, seed);

      const figures = await simulate('watermark', world, scenario, { seed });

      expect(figures.lost).toBeGreaterThan(20);
    });
  });

  it('loses no signal when only those are asked for', async () => {
    const world = createWorld(1_000, 3);

    const figures = await simulate('crosscheck', world, 'outage', { seed: 3, reading: 'filtered' });

    expect(figures).toMatchObject({ lostSignals: 0, doubleSignals: 0 });
  });

  it('asks once a poll for each feed, and never for the whole log', async () => {
    const world = createWorld(20_000, 1);

    const two = await simulate('crosscheck', world, 'steady', { seed: 1, reading: 'feeds' });
    const one = await simulate('crosscheck', world, 'steady', { seed: 1, reading: 'filtered' });

    expect(two).toMatchObject({ lostSignals: 0, doubleSignals: 0 });
    expect(two.requests).toBeLessThanOrEqual(2 * one.requests);
    // The rows of the day are read once without a filter: when it is read again.
    expect(two.rows).toBe(one.rows);
  });

  it('asks little more often than a watermark at 20,000 sign-ins a day', async () => {
    const world = createWorld(20_000, 1);

    const options = { seed: 1, reading: 'signals' } as const;
    const ours = await simulate('crosscheck', world, 'steady', options);
    const plain = await simulate('watermark', world, 'steady', options);

    expect(ours).toMatchObject({ lostSignals: 0, doubleSignals: 0 });
    expect(ours.requests / plain.requests).toBeLessThanOrEqual(MOST_RATIO);
  });
});

describe('simulated Graph', () => {
  const WORLD = createWorld(2_000, 1);
  const PATH = 'https://graph.microsoft.com/v1.0/auditLogs/signIns';

  async function ask(
    graph: ReturnType<typeof simulatedGraph>,
    filter: string,
    more = '&$top=100',
  ): Promise<GraphAnswer> {
    const response = await graph.fetch(`${PATH}?$filter=${encodeURIComponent(filter)}${more}`);
    return { status: response.status, ...((await response.json()) as object) };
  }

  it('pages newest first through every row that is visible, each once', async () => {
    const graph = simulatedGraph(WORLD, new VirtualClock(plus(DAY_END, 180 * MINUTE)));
    const times: string[] = [];

    let answer = await ask(graph, `createdDateTime ge ${DAY_START}`);
    for (;;) {
      times.push(...answer.value!.map((row) => row.createdDateTime));
      const next = answer['@odata.nextLink'];
      if (next === undefined) {
        break;
      }
      const response = await graph.fetch(next);
      answer = { status: response.status, ...((await response.json()) as object) };
    }

    expect(times).toHaveLength(2_000);
    expect(times).toEqual(times.toSorted().reverse());
  });

  it('hides rows until they are visible', async () => {
    const noon = plus(DAY_START, 720 * MINUTE);
    const graph = simulatedGraph(WORLD, new VirtualClock(noon));

    const { value } = await ask(graph, `createdDateTime ge ${plus(noon, -15 * MINUTE)}`);

    const now = epochOf(noon) + 500; // a request takes half a second
    const visible = WORLD.visibleAt.filter(
      (at, row) => at <= now && WORLD.at[row]! >= epochOf(noon) - 15 * MINUTE,
    );
    expect(value).toHaveLength(visible.length);
    expect(visible.length).toBeGreaterThan(0);
  });

  it('filters by client', async () => {
    const graph = simulatedGraph(WORLD, new VirtualClock(DAY_END));

    const { value } = await ask(
      graph,
      `createdDateTime ge ${DAY_START} and (clientAppUsed eq 'Exchange ActiveSync' or clientAppUsed eq 'Other')`,
    );

    expect(value!.length).toBeGreaterThan(0);
    expect(new Set(value!.map((row) => row.clientAppUsed))).toEqual(
      new Set(['Exchange ActiveSync']),
    );
  });

  it.each([
    ['a quoted time', "createdDateTime ge '2026-03-02T00:00:00Z'", ''],
    ['another property', "userId eq 'u'", ''],
    ['a page that is too large', `createdDateTime ge ${DAY_START}`, '&$top=1001'],
  ])('refuses %s', async (_what, filter, more) => {
    const graph = simulatedGraph(WORLD, new VirtualClock(DAY_END));

    expect(await ask(graph, filter, more)).toMatchObject({ status: 400 });
  });

  describe('while pages fail', () => {
    const FAULTS = { from: epochOf(DAY_END), to: epochOf(DAY_END) + 60 * MINUTE, first: 0 };

    it('fails every tenth request, each time in another way', async () => {
      const graph = simulatedGraph(WORLD, new VirtualClock(DAY_END), FAULTS);
      const outcomes: (number | string)[] = [];

      for (let i = 0; i < 30; i++) {
        const answer = ask(graph, `createdDateTime ge ${DAY_START}`);
        outcomes.push(
          await answer.then(
            ({ status }) => status,
            (error: unknown) => ((error as Error).name === 'SyntaxError' ? 'cut off' : 'silent'),
          ),
        );
      }

      expect(outcomes.filter((outcome) => outcome !== 200)).toEqual(['silent', 'cut off', 503]);
      expect(outcomes.indexOf('silent')).toBe(9);
    });

    it('lets a token die for good', async () => {
      const graph = simulatedGraph(WORLD, new VirtualClock(DAY_END), { ...FAULTS, first: 12 });
      const { '@odata.nextLink': link } = await ask(graph, `createdDateTime ge ${DAY_START}`);

      const statuses: number[] = [];
      for (let i = 0; i < 5; i++) {
        statuses.push((await graph.fetch(link!)).status);
      }

      expect(statuses).toEqual([200, 200, 400, 400, 400]);
    });
  });
});

interface GraphAnswer {
  readonly status: number;
  readonly value?: readonly { readonly createdDateTime: string; readonly clientAppUsed: string }[];
  readonly '@odata.nextLink'?: string;
}
