import { createDemoTenant } from '../../../cli/demo-tenant/demo-tenant';
import { graphSource } from '../../../shared/adapters/graph/graph-source';
import { Limiter } from '../../../shared/adapters/graph/limiter';
import type { Log } from '../../../shared/domain/record';
import { feedsIn } from '../../../shared/domain/reading/source-state';
import { DAY, HOUR, MINUTE, plus, toInstant, type Duration } from '../../../shared/domain/time';
import { readTo } from '../../../shared/domain/reading/wrong-clock';
import { backfillSource } from '../../../shared/pipeline/backfill';
import { health } from '../../../shared/pipeline/queries/health';
import { pollSource, type PollReport } from '../../../shared/pipeline/poll';
import { SourceError } from '../../../shared/pipeline/ports/record-source';
import type { Clock } from '../../../shared/pipeline/ports/clock';
import type { Reader } from '../../../shared/pipeline/reading/read-source';
import { watchSources, type Watch } from '../../../shared/pipeline/reading/watch-sources';
import { VirtualClock } from '../../fakes/clock';
import { readCoverage } from '../../fakes/cover';
import { memoryStores } from '../../fakes/memory-stores';
import { configured, TENANT, view } from '../../fakes/run';
import { LOGS } from '../../../shared/sources';

const START = toInstant('2026-03-02T12:00:00Z');
const MFA = 'mfa-registration-unfinished';
const FEEDS = LOGS.flatMap((source) => [
  { source, property: source === 'signIns' ? 'clientAppUsed' : 'activityDisplayName' } as const,
]);

/** A tenant with a clock of its own, and a monitor whose clock can be wrong. */
function setUp() {
  const truth = new VirtualClock(START);
  const tenant = createDemoTenant({ tenantId: TENANT, seed: 'clock', now: () => truth.now() });
  const stores = memoryStores();
  let aheadBy: Duration = 0;
  let graph: 'says the time' | 'does not' | 'is down' = 'says the time';
  let asked = 0;
  const clock: Clock = {
    now: () => plus(truth.now(), aheadBy),
    passed: () => truth.passed(),
    sleep: (ms, signal) => truth.sleep(ms, signal),
  };
  const fetchFrom: typeof fetch = async (url, init) => {
    asked += 1;
    if (graph === 'is down') {
      return new Response('', { status: 503 });
    }
    const answer = await tenant.handle(new Request(url, init));
    if (graph === 'does not') {
      answer.headers.delete('date');
    }
    return answer;
  };
  const readerOf = (source: Log): Reader => ({
    ...{ source, tenantId: TENANT, stores, clock, detectors: configured() },
    records: graphSource({
      ...{ baseUrl: new URL('https://graph.example.com'), getToken: undefined, fetch: fetchFrom },
      ...{ clock, limiter: new Limiter(clock, 1_000), random: () => 0.5 },
    }),
    ...{ initialLookback: DAY, retention: 30 * DAY, budget: 4 * MINUTE },
  });
  const watch = (known?: Watch['known']) =>
    watchSources({ tenantId: TENANT, feeds: FEEDS, stores, clock, standstill: 3 * HOUR, known });
  async function poll(
    by: Duration = 0,
    how: typeof graph = 'says the time',
  ): Promise<PollReport['read']> {
    aheadBy = by;
    graph = how;
    const reports: PollReport[] = [];
    for (const source of LOGS) {
      reports.push(await pollSource(readerOf(source), { watch }));
    }
    return reports[0]!.read;
  }
  async function pollFor(time: Duration, every = HOUR): Promise<void> {
    for (let passed = 0; passed < time; passed += every) {
      truth.advance(every);
      await poll();
    }
  }
  return {
    ...{ truth, tenant, stores, readerOf, poll, pollFor },
    asked: () => asked,
    told: () =>
      stores.outbox.alerts.flatMap(({ verb, findingId }) => {
        const { message, subject } = stores.findings.list().find(({ id }) => id === findingId)!;
        return subject.id === 'directoryAudits' ? [`${verb} ${message}`] : [];
      }),
    problems: async () => {
      const channels = [{ id: 'teams', isConfigured: true }];
      return (await health(stores, configured(), { tenantId: TENANT, channels, clock })).problems;
    },
    ends: async () =>
      Promise.all(LOGS.map(async (source) => readTo((await stores.coverage.source(source))!))),
  };
}

type World = ReturnType<typeof setUp>;

/** Five people begin to register an app in the next hours and never end. */
function abandon({ tenant, truth }: World): void {
  for (let i = 1; i <= 5; i++) {
    tenant.addStory('unfinished', plus(truth.now(), i * HOUR));
  }
}

const unfinished = ({ stores }: World): number =>
  stores.findings.list().filter((each) => each.detector === MFA && each.status === 'open').length;

function ofPeople({ stores }: World): unknown {
  return (view(stores) as { subject: { type: string } }[]).filter(
    ({ subject }) => subject.type !== 'log',
  );
}

/** The same day, with something in its first hour. */
async function playDay(first: (world: World) => Promise<unknown>): Promise<World> {
  const world = setUp();
  await world.poll();
  world.truth.advance(5 * MINUTE);
  const before = unfinished(world);
  await first(world);
  abandon(world);
  await world.pollFor(30 * HOUR);

  expect(unfinished(world) - before).toBe(5);
  return world;
}

describe('a clock that is wrong', () => {
  const AT_RIGHT_TIMES = playDay(({ poll }) => poll());

  describe('misses nothing', () => {
    it.each<[string, (world: World) => Promise<unknown>]>([
      ['26 h ahead in one poll', ({ poll }) => poll(26 * HOUR)],
      ['3 h ahead in one poll', ({ poll }) => poll(3 * HOUR)],
      ['45 days ahead, when the log would have dropped it all', ({ poll }) => poll(45 * DAY)],
      ['26 h behind in one poll', ({ poll }) => poll(-26 * HOUR)],
      ['20 years behind, as a machine without a battery', ({ poll }) => poll(-20 * 365 * DAY)],
      [
        '26 h ahead, of an answer that does not say the time, as an older version read it',
        ({ poll }) => poll(26 * HOUR, 'does not'),
      ],
      [
        'jumping from poll to poll',
        async ({ poll }) => {
          for (const hours of [26, -3, 1, -26, 0, 700, -700]) {
            await poll(hours * HOUR);
          }
        },
      ],
    ])('%s', async (_what, first) => {
      const world = await playDay(first);

      expect(ofPeople(world)).toEqual(ofPeople(await AT_RIGHT_TIMES));
      expect((await readCoverage(world.stores.coverage, MFA)).directoryAudits?.gaps).toEqual([]);
      expect((await world.problems()).join()).not.toMatch(/clock|to come/);
    });

    it.each([26 * HOUR, 20 * HOUR, -26 * HOUR])('in the very first poll: %i ms', async (by) => {
      const world = setUp();

      await world.poll(by);

      const { from, to } = (await readCoverage(world.stores.coverage, MFA)).directoryAudits!;
      expect([from, to]).toEqual([plus(START, -DAY), plus(START, -2 * HOUR)]);
    });
  });

  it.each([26 * HOUR, 20 * MINUTE, -26 * HOUR])(
    'is no reason to stop: it is read to the time of Graph, with a clock off by %i ms for a day',
    async (by) => {
      const { truth, poll, ends } = setUp();
      await poll();

      for (let i = 0; i < 24; i++) {
        truth.advance(HOUR);
        await poll(by);

        for (const end of await ends()) {
          expect(end! <= truth.now() && end! > plus(truth.now(), -2 * MINUTE)).toBe(true);
        }
      }
    },
  );

  it('is no reason to ask again and again: one more request a log and poll at most', async () => {
    const [right, wrong] = [setUp(), setUp()];
    const requests = async ({ truth, poll, asked }: World, by: Duration): Promise<number> => {
      await poll();
      truth.advance(5 * MINUTE);
      await poll();
      const before = asked();
      truth.advance(5 * MINUTE);
      await poll(by);
      return asked() - before;
    };

    const usual = await requests(right, 0);

    expect(await requests(wrong, -26 * HOUR)).toBe(usual + 2);
  });

  it('reads nothing in its first poll when Graph does not even say the time', async () => {
    const { poll, stores, truth } = setUp();

    expect(await poll(26 * HOUR, 'is down')).toMatchObject({
      stopped: { failure: 'unavailable' },
      windows: 0,
    });
    expect(feedsIn((await stores.coverage.source('signIns'))!)[0]![1].failure).toBeDefined();
    truth.advance(5 * MINUTE);
    expect((await poll(26 * HOUR)).stopped).toBeUndefined();
  });

  it('does not fill a range when Graph does not say the time', async () => {
    const { poll, readerOf } = setUp();
    await poll(-DAY, 'is down');

    const range = { from: plus(START, -10 * DAY), to: plus(START, -9 * DAY) };
    const { stopped } = await backfillSource(readerOf('directoryAudits'), range);

    expect(stopped).toBeInstanceOf(SourceError);
  });

  describe('is told', () => {
    it('in the line of each run, in health, and by one alert after two runs', async () => {
      const { poll, truth, problems, told } = setUp();
      await poll();

      truth.advance(5 * MINUTE);
      expect((await poll(26 * HOUR)).clockAheadBy).toBe(26 * HOUR);
      expect(told()).toEqual([]);
      truth.advance(5 * MINUTE);
      await poll(26 * HOUR);

      expect(told()).toEqual(['opened clock-wrong']);
      expect((await problems()).join()).toContain(
        'directoryAudits is read by a machine whose clock is 26 h ahead of that of Microsoft Graph',
      );

      truth.advance(5 * MINUTE);
      expect((await poll()).clockAheadBy).toBeUndefined();
      expect(told()).toEqual(['opened clock-wrong', 'resolved clock-wrong']);
    });

    it('not when it is less than two minutes off', async () => {
      const { poll, told } = setUp();

      expect(await poll(115_000)).not.toHaveProperty('clockAheadBy');
      expect(told()).toEqual([]);
    });
  });

  it('that has moved coverage into the future is told of, until all was read again', async () => {
    const { poll, pollFor, truth, problems, told, ends } = setUp();
    await poll();
    truth.advance(5 * MINUTE);
    await poll(26 * HOUR, 'does not');
    const [end] = await ends();
    expect(end! > truth.now()).toBe(true);

    truth.advance(3 * HOUR);
    await poll(0, 'does not');
    expect((await problems()).join()).toContain('which is later than now');
    const report = await poll();

    expect(report.cutBack).toMatchObject({ at: truth.now(), from: end });
    expect(report.cutBack!.to <= plus(START, -2 * HOUR)).toBe(true);
    expect(told()).toContain('opened coverage-in-future');
    expect((await problems()).join()).toContain('which was still to come');

    await pollFor(4 * HOUR);

    expect(told().at(-1)).toBe('resolved coverage-in-future');
  });
});
