import { drainMarks, type AssessReport } from '../../../shared/pipeline/findings/assess';
import { keep } from '../../../shared/pipeline/findings/keep';
import { markEveryTimeline } from '../../../shared/pipeline/findings/rule-change';
import { select } from '../../../shared/pipeline/findings/select';
import { purgeExpired } from '../../../shared/pipeline/audit-trail/retention';
import type { Around, MemoryOperation } from '../../../shared/adapters/memory/memory-table';
import { DETECTORS as ALL } from '../../../shared/detectors/index';
import type { EntraRecord } from '../../../shared/domain/record';
import { DAY, MINUTE, plus, SECOND } from '../../../shared/domain/time';
import type { EngineStores, Stores } from '../../../shared/pipeline/ports/stores';
import { VirtualClock } from '../../fakes/clock';
import { Crash } from '../../fakes/crashing';
import { altered, dirtForgotten, marksNotRenewed } from '../../fakes/faults';
import { marked } from '../../fakes/marked';
import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { days, deviceAdded, easAccepted, minutes, registered } from '../../fakes/records';
import { configured, cover, TENANT } from '../../fakes/run';
import { END, PLAIN, stepsOf } from '../../fakes/stories';

/** One of each log. */
const DETECTORS = ALL.filter(({ id }) =>
  ['mfa-registration-unfinished', 'eas-success-despite-ca-failure'].includes(id),
);
const [MFA] = configured(DETECTORS.filter(({ id }) => id === 'mfa-registration-unfinished'));
const users = (count: number): string[] => Array.from({ length: count }, (_, i) => `user-${i}`);
const added = (user: string): EntraRecord =>
  deviceAdded({ id: `added-${user}`, user, at: minutes(0) }, `phone of ${user}`);
const finished = (user: string): EntraRecord =>
  registered({ id: `registered-${user}`, user, at: minutes(1) });
/** Both rows of most, and of every hundredth the first alone. */
const bulk = (count: number): EntraRecord[] =>
  users(count).flatMap((user, i) =>
    i % 100 === 0 ? [added(user)] : [added(user), finished(user)],
  );

describe('many timelines', () => {
  let raw: MemoryStores;
  let clock: VirtualClock;
  beforeEach(async () => {
    raw = memoryStores();
    clock = new VirtualClock(END);
    for (const source of ['directoryAudits', 'signIns'] as const) {
      const [step] = stepsOf(source, PLAIN[source === 'signIns' ? 'signIns' : 'audits']);
      await cover({ stores: raw, detectors: configured(DETECTORS) }, step!);
    }
  });
  const store = (stores: EngineStores, records: readonly EntraRecord[]): Promise<unknown> =>
    keep(stores, select(TENANT, DETECTORS, records));
  const drain = (
    stores: EngineStores,
    options: Partial<Parameters<typeof drainMarks>[0]> = {},
  ): Promise<AssessReport> =>
    drainMarks({ tenantId: TENANT, detectors: configured(DETECTORS), stores, clock, ...options });
  const open = (): string[] =>
    raw.findings
      .list()
      .filter(({ status }) => status === 'open')
      .map(({ subject }) => subject.id)
      .sort();
  /** Stores of another process that does something before its n-th request of a kind. */
  const meeting = (
    before: (
      operation: MemoryOperation,
      table: string,
      count: number,
    ) => Promise<unknown> | undefined,
  ): Stores => {
    const counts = new Map<string, number>();
    const around: Around = async (run, operation, table) => {
      const kind = `${operation} ${table}`;
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      await before(operation, table, count);
      return run();
    };
    return raw.over(around);
  };
  async function requests(work: (stores: Stores) => Promise<unknown>): Promise<number> {
    let count = 0;
    await work(
      raw.over((run) => {
        count += 1;
        return run();
      }),
    );
    return count;
  }

  describe('a crash between two marks, while another runner drains', () => {
    /** Marks; another drains, before the signals are there; writes them; is killed before it marks again. */
    async function killedBetween(): Promise<void> {
      const stores = meeting(async (operation, table, count) => {
        if (operation === 'transaction' && table === 'Timelines' && count === 1) {
          await drain(raw);
        }
        if (operation === 'write' && table === 'Work' && count === 2) {
          throw new Crash('killed');
        }
      });
      await expect(store(stores, [added('ann')])).rejects.toThrow(Crash);
      expect(await marked(raw)).toEqual([]);
      expect(raw.findings.list()).toEqual([]);
    }

    it('loses nothing: the window is read again, and its timeline is still dirty', async () => {
      await killedBetween();

      await store(raw, [added('ann')]);
      await drain(raw);

      expect(open()).toEqual(['ann']);
    });

    it('would lose it if dirt were not remembered', async () => {
      await killedBetween();
      const forgetful = dirtForgotten(raw, raw);

      await store({ ...forgetful, marks: marksNotRenewed(forgetful, raw).marks }, []);
      const dirty = await forgetful.signals.merge([], MFA!.detector);
      await drain(raw);

      expect(dirty).toEqual([]);
      expect(open()).toEqual([]);
    });
  });

  it('that move after they were read are looked at again: a scan is no snapshot', async () => {
    await store(raw, bulk(300));
    let isLate = true;
    const stores = meeting(async (operation, table) => {
      if (operation === 'transaction' && table === 'Timelines' && isLate) {
        isLate = false;
        // While the clean ones are being written, somebody verifies late, and somebody begins anew.
        await store(raw, [finished('user-100')]);
        await store(raw, [
          added('late'),
          deviceAdded({ id: 'x', user: 'user-7', at: days(3) }, 'x'),
        ]);
      }
    });

    const report = await drain(stores);
    await drain(raw);

    expect(report).toMatchObject({ left: 0, faults: [] });
    expect(open()).toEqual(['late', 'user-0', 'user-200', 'user-7']);
    expect(await marked(raw)).toEqual([]);
  });

  it('are all written although one of those that share a transaction is refused', async () => {
    const stores = meeting(async (operation, table, count) => {
      if (operation === 'transaction' && table === 'Timelines' && count === 1) {
        await store(raw, users(300).map(finished).slice(0, 3));
      }
    });

    await store(stores, users(300).map(added));
    await drain(raw);

    expect(open()).toEqual(users(300).slice(3).sort());
  });

  it('go on without the one that others keep writing, whose mark is left', async () => {
    await store(raw, [...users(40).map(added)]);
    const busy = select(TENANT, DETECTORS, [added('user-7')])
      .get(MFA!.detector)!
      .values()
      .next().value!.timeline;
    const stores = meeting((operation, table) =>
      operation === 'transaction' || operation === 'write'
        ? table === 'Timelines'
          ? raw.signals
              .read(busy.id)
              .then((stored) => raw.signals.flagFindings([{ timeline: busy, stored: stored }]))
          : undefined
        : undefined,
    );

    const report = await drain(stores);

    expect(report).toMatchObject({ left: 1 });
    expect((await marked(raw)).map(({ subject }) => subject.id)).toEqual(['user-7']);
    expect(open()).toEqual(expect.arrayContaining(users(40).filter((user) => user !== 'user-7')));
    expect(await drain(raw)).toMatchObject({ left: 0 });
    expect(await marked(raw)).toEqual([]);
  });

  describe('with more than there is time for', () => {
    it('are left to the next run, and none is assessed twice', async () => {
      const assessed: string[] = [];
      const slow = altered([MFA!], (detector) => ({
        assess: (timeline, ...rest) => {
          clock.advance(50); // milliseconds
          assessed.push(timeline[0]?.subject.id ?? '');
          return detector.assess(timeline, ...rest);
        },
      }));
      await store(
        raw,
        users(9_000).flatMap((user) => [added(user), finished(user)]),
      );

      const first = await drain(raw, { detectors: slow, budget: 3 * MINUTE });
      const second = await drain(raw, { detectors: slow, budget: 3 * MINUTE });
      const third = await drain(raw, { detectors: slow, budget: 3 * MINUTE });

      expect(first.stopped).toBe('budget');
      expect(first.left).toBe(9_000 - first.timelines);
      expect(first.left - second.timelines).toBe(second.left);
      expect(third).toMatchObject({ left: 0 });
      expect(third.stopped).toBeUndefined();
      expect(assessed).toHaveLength(9_000);
      expect(await marked(raw)).toEqual([]);
    });

    it('are not assessed again by a run that was killed, either', async () => {
      await store(
        raw,
        users(9_000).flatMap((user) => [added(user), finished(user)]),
      );
      const stores = meeting((operation, table, count) => {
        if (operation === 'transaction' && table === 'Timelines' && count > 50) {
          throw new Crash('killed');
        }
        return undefined;
      });
      await expect(drain(stores)).rejects.toThrow(Crash);
      let assessed = 0;
      const counted = altered([MFA!], (detector) => ({
        assess: (...how) => {
          assessed += 1;
          return detector.assess(...how);
        },
      }));

      clock.advance(MINUTE);
      await drain(raw, { detectors: counted });

      expect(assessed).toBeLessThan(7_000);
      expect(assessed).toBeGreaterThan(2_000);
      expect(await marked(raw)).toEqual([]);
    });
  });

  describe('that another run is at work on', () => {
    it('are left to it', async () => {
      await store(raw, [added('ann')]);
      const lease = await raw.marks.takeLease('drain', clock.now(), plus(clock.now(), MINUTE));

      const report = await drain(raw);

      expect(report).toMatchObject({ timelines: 0, left: 1, stopped: 'lease' });
      expect(await marked(raw)).toHaveLength(1);
      await raw.marks.releaseLease(lease!);
      expect(await drain(raw)).toMatchObject({ timelines: 1, left: 0 });
    });

    it('are taken over when that was killed', async () => {
      await store(raw, [added('ann')]);
      await raw.marks.takeLease('drain', clock.now(), plus(clock.now(), MINUTE));

      clock.advance(MINUTE);

      expect(await drain(raw)).toMatchObject({ timelines: 1, left: 0 });
    });

    it('are drained by that, when they come while it is at work', async () => {
      await store(raw, [added('ann')]);
      const left: AssessReport[] = [];
      const stores = meeting(async (operation, table) => {
        if (operation === 'list' && table === 'Timelines' && left.length === 0) {
          await store(raw, [added('ben')]);
          left.push(await drain(raw));
        }
      });

      const report = await drain(stores);

      expect(left).toMatchObject([{ stopped: 'lease' }]);
      expect(report).toMatchObject({ timelines: 2, left: 0 });
      expect(open()).toEqual(['ann', 'ben']);
    });

    it('stay its own however long it takes', async () => {
      await store(raw, users(40).map(added));
      const others: AssessReport[] = [];
      const stores = meeting(async (operation, table) => {
        if (operation === 'transaction' && table === 'Findings') {
          clock.advance(4 * SECOND);
          others.push(await drain(raw));
        }
      });

      await drain(stores);

      expect(others).toHaveLength(40);
      expect(new Set(others.map(({ timelines }) => timelines))).toEqual(new Set([0]));
      expect(open()).toHaveLength(40);
    });
  });

  describe('that say nothing new', () => {
    it('are read, and nothing else, also by a new process', async () => {
      await store(raw, bulk(400));
      await drain(raw);
      const before = raw.findings.transitions.length;
      const again = await requests((stores) => store(stores, bulk(400)));
      const drained = await requests((stores) => drain(stores));

      expect(again).toBeLessThanOrEqual(20);
      expect(drained).toBeLessThanOrEqual(8);
      expect(await marked(raw)).toEqual([]);
      expect(raw.findings.transitions).toHaveLength(before);
    });

    it('are not assessed', async () => {
      await store(raw, bulk(400));
      await drain(raw);
      await store(raw, bulk(400));

      expect(await drain(raw)).toMatchObject({ timelines: 0, changes: [] });
    });
  });

  describe('without anything that a finding could begin with', () => {
    it('are stored, not marked and not assessed', async () => {
      await store(raw, users(20).map(finished));

      expect(await marked(raw)).toEqual([]);
      expect(await drain(raw)).toMatchObject({ timelines: 0 });
    });

    it('are assessed once they have it, with all that was stored before', async () => {
      await store(raw, users(20).map(finished));
      await store(raw, users(20).slice(0, 3).map(added));
      await store(raw, [added('ann')]);

      expect(await drain(raw)).toMatchObject({ timelines: 4 });
      expect(open()).toEqual(['ann']);
    });

    it('are assessed after a rule change by which one could', async () => {
      await store(raw, users(3).map(finished));
      let assessed = 0;
      const later = altered([MFA!], () => ({
        opens: ['completed'],
        assess: () => {
          assessed += 1;
          return { findings: [] };
        },
      }));
      await markEveryTimeline(raw, later[0]!.detector, 'past');
      await drain(raw, { detectors: later });
      expect(assessed).toBe(3);

      // Now their timelines are known to hold one: what else comes is assessed.
      await keep(
        raw,
        select(
          TENANT,
          [later[0]!.detector],
          [registered({ id: 'other', user: 'user-1', at: minutes(9) })],
        ),
      );
      await drain(raw, { detectors: later });

      expect(assessed).toBe(4);
    });
  });

  it('lose nothing when a retention run removes timelines that get new signals meanwhile', async () => {
    await store(raw, users(60).map(added));
    await drain(raw);
    const to = days(200);
    for (const source of ['directoryAudits', 'signIns'] as const) {
      const interval = { from: END, to };
      await cover(
        { stores: raw, detectors: configured(DETECTORS) },
        { source, verb: 'extend', interval },
      );
    }
    clock.advance(170 * DAY);
    const stores = meeting(async (operation, table, count) => {
      if (operation === 'remove' && table === 'Timelines' && count === 2) {
        const late = users(60).map((user) =>
          deviceAdded({ id: `late-${user}`, user, at: days(190) }, `second of ${user}`),
        );
        await store(raw, late);
      }
    });

    await purgeExpired({ stores, detectors: DETECTORS, retention: 400 * DAY, clock });
    await drain(raw);

    expect(open()).toEqual(users(60).sort());
  });

  describe('cost, in requests', () => {
    it.each([{ what: 'the first poll of 2,000, one in a hundred a finding', most: 0.3 * 2_000 }])(
      '$what',
      async ({ most }) => {
        const count = await requests(async (stores) => {
          await store(stores, bulk(2_000));
          await drain(stores);
        });

        expect(open()).toHaveLength(20);
        expect(count).toBeLessThanOrEqual(most);
      },
    );

    it.each([
      { touched: 100, each: 3 },
      { touched: 10, each: 5 },
    ])('$touched of 10,000 touched, no new finding', async ({ touched, each }) => {
      await store(
        raw,
        users(10_000).flatMap((user) => [added(user), finished(user)]),
      );
      await drain(raw);
      await requests((stores) => stores.signals.readMany(['0', '1'])); // another process
      const rows = users(10_000)
        .filter((_, i) => i % (10_000 / touched) === 0)
        .map((user) => registered({ id: `again-${user}`, user, at: minutes(30) }));

      const reading = await raw.coverage.reading();
      const count = await requests(async (stores) => {
        // As a poll does, which knows what it has read.
        await keep(stores, select(TENANT, DETECTORS, rows), { reading });
        await drain(stores, { reading });
      });

      expect(count / touched).toBeLessThanOrEqual(each);
    });

    it('100 new findings', async () => {
      const count = await requests(async (stores) => {
        await store(stores, users(100).map(added));
        await drain(stores);
      });

      expect(open()).toHaveLength(100);
      expect(count / 100).toBeLessThanOrEqual(11);
    });

    it('100 findings whose count changes', async () => {
      const signIns = (minute: number): EntraRecord[] =>
        users(100).map((user) =>
          easAccepted({ id: `${user} ${minute}`, user, at: days(29, minute) }),
        );
      await store(raw, signIns(0));
      await drain(raw);

      const count = await requests(async (stores) => {
        await store(stores, signIns(30));
        await drain(stores);
      });

      expect(raw.findings.list().map((each) => each.count)).toEqual(
        Array.from({ length: 100 }, () => 2),
      );
      expect(count / 100).toBeLessThanOrEqual(13);
    });
  });

  it('of sign-ins are read and written like those of the audit log', async () => {
    await store(
      raw,
      users(50).map((user) => easAccepted({ id: user, user, at: days(29) })),
    );
    await drain(raw);

    expect(open()).toEqual(users(50).sort());
  });
});
