import { extendCoverage } from '../../fakes/cover';
import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { canonical, type Json } from '../../../shared/domain/json';
import type { Finding } from '../../../shared/domain/findings/finding';
import { compare } from '../../../shared/domain/findings/transition';
import { nameOf, type TrailEntry, type Seal } from '../../../shared/domain/audit-trail/entries';
import { DAY, HOUR, MINUTE, plus, startOfMonth, type Instant } from '../../../shared/domain/time';
import type { Stores } from '../../../shared/pipeline/ports/stores';
import { PurgeUnfinishedError, purgeExpired } from '../../../shared/pipeline/audit-trail/retention';
import { addRule, removeRule } from '../../../shared/pipeline/findings/rules';
import { CopyDiffersError, sealRecord } from '../../../shared/pipeline/audit-trail/seal';
import { verifyRecord } from '../../../shared/pipeline/audit-trail/verify';
import {
  collect,
  finding,
  signal,
  timeline,
  unreadableRow,
  windowReport,
} from '../../contracts/samples';
import { defined } from '../../fakes/answers';
import { VirtualClock } from '../../fakes/clock';
import { Crash } from '../../fakes/crashing';
import { FIRST_DAY, live, MemoryCopies, RETENTION, write } from '../../fakes/record';

const [ANN, BEN] = ['Ann', 'Ben'].map((name) => timeline(name)) as [
  ReturnType<typeof timeline>,
  ReturnType<typeof timeline>,
];
const DETECTOR = defined({ id: ANN.detector });

interface World {
  readonly stores: MemoryStores;
  readonly clock: VirtualClock;
}

/** Ten resolved findings, one open, one held and one young; signals, ledger and quarantine rows of two months. */
async function makeWorld(): Promise<World> {
  const stores = memoryStores();
  const clock = new VirtualClock(FIRST_DAY);
  for (let i = 0; i < 10; i++) {
    const of = finding((i % 2 === 0 ? ANN : BEN).id, `old ${i}`);
    const done = await live(stores, of, FIRST_DAY, 2);
    await stores.index.put(done);
  }
  await live(stores, finding(ANN.id, 'open'), FIRST_DAY, 3);
  const held = await live(stores, finding(ANN.id, 'held'), FIRST_DAY, 2);
  const scope = { findingId: held.id };
  await addRule(
    { stores, clock },
    { kind: 'hold', scope, owner: 'law', reason: 'case', createdBy: 'law' },
  );
  const signals = [signal('a', FIRST_DAY)];
  await stores.signals.merge([{ timeline: ANN, signals }], { join: {} });
  const read = { from: FIRST_DAY, to: plus(FIRST_DAY, MINUTE) };
  await extendCoverage(stores.coverage, 'signIns', read, ['x'], windowReport(read.from, read.to));
  await stores.quarantine.add([unreadableRow('x', { firstSeenAt: FIRST_DAY })]);
  clock.advance(120 * DAY);
  const covered = { from: FIRST_DAY, to: clock.now() };
  await extendCoverage(stores.coverage, 'directoryAudits', covered, [DETECTOR.id]);
  await live(stores, finding(BEN.id, 'young'), plus(clock.now(), -DAY), 2);
  return { stores, clock };
}

const run = ({ clock }: World, stores: Stores): ReturnType<typeof purgeExpired> =>
  purgeExpired({ stores, detectors: [DETECTOR], retention: RETENTION, clock, findingsPerPurge: 4 });

const anchors = (stores: MemoryStores): string[] =>
  stores.findings
    .list()
    .map((each) => each.anchor.key)
    .sort();

/** Everything that is there in the end. */
const stateOf = async (stores: MemoryStores): Promise<string> =>
  canonical({
    findings: stores.findings.list(),
    history: stores.findings.transitions,
    chain: stores.chain.entries,
    ledger: stores.coverage.windows,
    quarantine: await collect(stores.quarantine.rows()),
  } as unknown as Json);

/** Stores that are killed at the n-th operation, before or after it. */
function dying(stores: Stores, operation: number, side: 'before' | 'after'): Stores {
  let left = operation;
  const wrap = <P extends object>(port: P): P =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        return typeof member !== 'function' || name === 'movedBetween' || name === 'timelines'
          ? typeof member === 'function'
            ? (member.bind(target) as unknown)
            : member
          : async (...args: unknown[]): Promise<unknown> => {
              left -= 1;
              const isLast = left === -1;
              if (isLast && side === 'before') {
                throw new Crash('killed');
              }
              const done: unknown = await Reflect.apply(member, target, args);
              if (isLast) {
                throw new Crash('killed');
              }
              return done;
            };
      },
    });
  const wrapped = Object.entries(stores).map(
    ([name, port]) => [name, wrap(port as object)] as const,
  );
  return Object.fromEntries(wrapped) as unknown as Stores;
}

/** Stores whose every call is written down. */
function watched(stores: Stores, calls: string[]): Stores {
  const wrap = (port: object): object =>
    new Proxy(port, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') {
          return member;
        }
        return (...args: unknown[]): unknown => {
          calls.push(String(name));
          return Reflect.apply(member, target, args);
        };
      },
    });
  const wrapped = Object.entries(stores).map(([name, port]) => [name, wrap(port as object)]);
  return Object.fromEntries(wrapped) as Stores;
}

async function untilDone(work: (isFirst: boolean) => Promise<unknown>): Promise<boolean> {
  try {
    await work(true);
    return false;
  } catch (error) {
    if (!(error instanceof Crash)) {
      throw error;
    }
    await work(false);
    return true;
  }
}

describe('retention', () => {
  it('removes what is old and resolved, and keeps the rest', async () => {
    const world = await makeWorld();
    const { stores } = world;
    await sealRecord({ ...world, copies: undefined });

    const report = await run(world, stores);

    expect(report).toEqual({
      findings: 10,
      held: 1,
      signalsBefore: startOfMonth(plus(world.clock.now(), -DETECTOR.retain)),
    });
    expect(anchors(stores)).toEqual(['held', 'open', 'young']);
    expect(stores.findings.transitions.map(({ findingId }) => findingId)).toHaveLength(2 + 3 + 2);
    expect((await stores.index.page({}, 100)).lines).toEqual([]);
    expect((await stores.signals.read(ANN.id)).signals).toEqual([]);
    expect(stores.coverage.windows).toEqual([]);
    expect(await collect(stores.quarantine.rows())).toEqual([]);
    expect(stores.chain.entries.filter(({ kind }) => kind === 'purge')).toHaveLength(3);
    expect(await verifyRecord({ rows: stores.rows, copies: undefined })).toMatchObject({
      isSound: true,
      looked: { purges: 3 },
    });
    const before = await stateOf(stores);
    expect(await run(world, stores)).toMatchObject({ findings: 0 });
    expect(await stateOf(stores)).toBe(before);
  });

  it('removes nothing by a clock that is known to be ahead', async () => {
    const world = await makeWorld();
    const { stores } = world;
    const at = plus(FIRST_DAY, 10 * DAY);
    const wrongClock = { aheadBy: 110 * DAY, since: at, lastAt: at, runs: 1 };
    await stores.coverage.change('signIns', (state) => ({ ...state, wrongClock }));

    expect(await run(world, stores)).toMatchObject({ findings: 0 });
    expect(anchors(stores)).toHaveLength(13);
    expect(stores.coverage.windows).toHaveLength(1);

    await stores.coverage.change('signIns', ({ wrongClock: _right, ...state }) => state);
    expect(await run(world, stores)).toMatchObject({ findings: 10 });
  });

  it('looks through the findings once, however many purges it takes', async () => {
    const world = await makeWorld();
    const scan = jest.spyOn(world.stores.findings, 'movedBetween');

    expect(await run(world, world.stores)).toMatchObject({ findings: 10 });

    expect(world.stores.chain.entries).toHaveLength(3);
    expect(scan).toHaveBeenCalledTimes(1);
  });

  it('gives up on noting that a purge is finished while others write to the chain, and the next run notes it', async () => {
    const world = await makeWorld();
    const { stores, clock } = world;
    const write = stores.chain.write.bind(stores.chain);
    let refused = 0;
    const spy = jest.spyOn(stores.chain, 'write').mockImplementation((next, etag, entry) => {
      const isFinishing = entry === undefined && next.unfinished === undefined;
      refused += isFinishing ? 1 : 0;
      return isFinishing ? Promise.resolve(false) : write(next, etag, entry);
    });

    await expect(run(world, stores)).rejects.toThrow(PurgeUnfinishedError);

    expect(refused).toBe(20);
    expect(clock.slept.filter((ms) => ms > 0).length).toBeGreaterThan(15);
    expect((await stores.chain.head()).head.unfinished).toBeDefined();
    spy.mockRestore();
    await run(world, stores);
    expect((await stores.chain.head()).head.unfinished).toBeUndefined();
    expect(anchors(stores)).toEqual(['held', 'open', 'young']);
  });

  it('removes what was held once the hold is gone', async () => {
    const world = await makeWorld();
    const [step] = await world.stores.rules.everyStep();
    await removeRule(world, { id: step!.ruleId, kind: 'hold', by: 'law', reason: 'closed' });

    expect(await run(world, world.stores)).toMatchObject({ findings: 11, held: 0 });
  });

  it('guards what a purge named and kept because of a hold that came between', async () => {
    const world = await makeWorld();
    const { stores, clock } = world;
    await sealRecord({ ...world, copies: undefined });
    const why = { kind: 'hold', owner: 'law', reason: 'case', createdBy: 'law' } as const;
    const write = stores.chain.write.bind(stores.chain);
    const spy = jest.spyOn(stores.chain, 'write').mockImplementationOnce(async (...given) => {
      const isWritten = await write(...given);
      for (const { subject } of [ANN, BEN]) {
        await addRule(world, { ...why, scope: { subjectId: subject.id } });
      }
      return isWritten;
    });

    expect(await run(world, stores)).toMatchObject({ findings: 0 });

    spy.mockRestore();
    expect(stores.chain.entries.at(-1)).toMatchObject({ kind: 'kept', purge: 2 });
    clock.advance(2 * DAY);
    await sealRecord({ ...world, copies: undefined });
    const evidence = { rows: stores.rows, copies: undefined };
    expect((await verifyRecord(evidence)).tamperings).toEqual([]);
    const kept = stores.findings.list().find((each) => each.anchor.key.startsWith('old'))!;
    await stores.findings.purge(kept);
    expect((await verifyRecord(evidence)).tamperings).toMatchObject([
      { what: 'removed', place: `finding ${kept.id}` },
    ]);
  });

  it('keeps what a detector could still speak of', async () => {
    const world = await makeWorld();
    const keeper = defined({ id: DETECTOR.id, retain: '200d' });

    const report = await purgeExpired({
      ...{ ...world, retention: RETENTION, detectors: [keeper] },
    });

    expect(report).toMatchObject({ findings: 0, held: 0 });
    expect((await world.stores.signals.read(ANN.id)).signals).toHaveLength(1);
  });

  it('ends the same after a kill at any operation', async () => {
    const calm = await makeWorld();
    await run(calm, calm.stores);
    const expected = await stateOf(calm.stores);
    let kills = 0;
    for (let operation = 0; ; operation++) {
      const world = await makeWorld();
      const side = operation % 2 === 0 ? 'before' : 'after';
      const isKilled = await untilDone(async (isFirst) => {
        if (!isFirst) {
          const found = await verifyRecord({ rows: world.stores.rows, copies: undefined });
          expect(found.tamperings).toEqual([]);
        }
        await run(world, isFirst ? dying(world.stores, operation, side) : world.stores);
      });
      expect(await stateOf(world.stores)).toBe(expected);
      expect((await world.stores.chain.head()).head.unfinished).toBeUndefined();
      kills += isKilled ? 1 : 0;
      if (!isKilled) {
        break;
      }
    }

    expect(kills).toBeGreaterThan(60);
  });
});

function sealsIn(stores: MemoryStores): (TrailEntry & Seal)[] {
  return stores.chain.entries.flatMap((each) => (each.kind === 'seal' ? [each] : []));
}

describe('the seals of the hours and the days', () => {
  it('begins with all there is, follows hour by hour and day by day, and makes up for missed days', async () => {
    const world = await makeWorld();
    const { stores, clock } = world;

    const first = await sealRecord({ ...world, copies: undefined, headsPerPart: 5 });
    const again = await sealRecord({ ...world, copies: undefined });
    clock.advance(3 * DAY);
    const later = await sealRecord({ ...world, copies: undefined });

    expect([first.periods, again.periods, later.periods]).toEqual([
      ['2026-06-01/08'],
      [],
      ['2026-06-01', '2026-06-02', '2026-06-03'],
    ]);
    const parts = sealsIn(stores);
    expect(
      parts.map((each) => [nameOf(each), each.part, each.isLast, each.findings.length]),
    ).toEqual([
      ['2026-06-01/08', 1, false, 5],
      ['2026-06-01/08', 2, false, 5],
      ['2026-06-01/08', 3, true, 3],
      ['2026-06-01', 1, true, 0],
      ['2026-06-02', 1, true, 0],
      ['2026-06-03', 1, true, 0],
    ]);
    expect(parts[2]?.rules).toHaveLength(1);
    expect(parts[3]?.hours).toEqual([{ hour: '08', entry: 3, hash: parts[2]!.hash }]);
    expect(parts[3]?.coverage.directoryAudits?.[DETECTOR.id]).toMatchObject({ gaps: [] });
    expect(parts[4]?.hours).toEqual([]);
  });

  it('seals what was there at the end of the hour, also when it comes late', async () => {
    const world = await makeWorld();
    const { stores, clock } = world;
    await sealRecord({ ...world, copies: undefined });
    const moved = await live(stores, finding(BEN.id, 'of that day'), clock.now(), 1);
    clock.advance(2 * DAY);
    const { head } = (await stores.findings.find(moved.id))!.finding;
    const later: Instant = clock.now();
    await live(stores, finding(BEN.id, 'after it'), later, 1);

    await sealRecord({ ...world, copies: undefined });

    const seal = sealsIn(stores).find((each) => nameOf(each) === '2026-06-01/09');
    expect(seal).toMatchObject({ findings: [{ id: moved.id, sequence: 1, head }] });
  });

  it('ends the same after a kill at any operation, copies too', async () => {
    const outcome = async (
      kill: number | undefined,
    ): Promise<{ state: string; isKilled: boolean }> => {
      const world = await makeWorld();
      const copies = new MemoryCopies();
      world.clock.advance(2 * DAY);
      const seal = (stores: Stores, kept: MemoryCopies): Promise<unknown> =>
        sealRecord({ stores, clock: world.clock, copies: kept, headsPerPart: 5 });
      const isKilled = await untilDone(async (isFirst) => {
        const all = { ...world.stores, copies } as unknown as Stores & { copies: MemoryCopies };
        const stores =
          isFirst && kill !== undefined
            ? (dying(all, kill, kill % 2 === 0 ? 'before' : 'after') as typeof all)
            : all;
        await seal(stores, stores.copies);
      });
      expect(await verifyRecord({ rows: world.stores.rows, copies })).toMatchObject({
        isSound: true,
        notes: [],
      });
      return { state: (await stateOf(world.stores)) + canonical([...copies.texts]), isKilled };
    };
    const { state: expected } = await outcome(undefined);
    for (let kill = 0; ; kill++) {
      const { state, isKilled } = await outcome(kill);
      expect(state).toBe(expected);
      if (!isKilled) {
        expect(kill).toBeGreaterThanOrEqual(17);
        break;
      }
    }
  });

  it('lists rules in the hour they moved alone, and cuts many of them into parts', async () => {
    const world = await makeWorld();
    const { stores, clock } = world;
    await sealRecord({ ...world, copies: undefined });
    const expiresAt = plus(clock.now(), DAY);
    for (let i = 0; i < 7; i++) {
      const scope = { subjectId: `u${i}` };
      const rest = { owner: 'o', reason: 'r', createdBy: 'o', expiresAt };
      await addRule(world, { kind: 'suppression', scope, ...rest });
    }
    clock.advance(2 * DAY);

    // The second part is refused once, as if a purge came between: the next round goes on after the first.
    const write = stores.chain.write.bind(stores.chain);
    let writes = 0;
    jest.spyOn(stores.chain, 'write').mockImplementation((...given) => {
      writes += 1;
      return writes === 2 ? Promise.resolve(false) : write(...given);
    });
    await sealRecord({ ...world, copies: undefined, headsPerPart: 3 });

    const parts = sealsIn(stores);
    expect(parts.map((each) => [nameOf(each), each.part, each.rules.length])).toEqual([
      ['2026-06-01/08', 1, 1],
      ...[1, 2, 3].map((part) => ['2026-06-01/09', part, part === 3 ? 1 : 3]),
      ['2026-06-01', 1, 0],
      ['2026-06-02', 1, 0],
    ]);
    const evidence = { rows: stores.rows, copies: undefined };
    expect(await verifyRecord(evidence)).toMatchObject({ isSound: true });
    const rows = (await stores.rows.rules()).toSpliced(1, 1); // after the live row
    jest.spyOn(stores.rows, 'rules').mockResolvedValue(rows);
    expect((await verifyRecord(evidence)).tamperings).toMatchObject([{ what: 'removed' }]);
  });

  describe('an hour', () => {
    const seal = async (world: {
      stores: Stores;
      clock: VirtualClock;
    }): Promise<readonly string[]> => (await sealRecord({ ...world, copies: undefined })).periods;

    it('in which nothing moved writes nothing, and asks for next to nothing', async () => {
      const world = await makeWorld();
      const { stores, clock } = world;
      await seal(world);
      const { sequence } = (await stores.chain.head()).head;
      const calls: string[] = [];
      const counting = watched(stores, calls);

      for (let hour = 0; hour < 5; hour++) {
        clock.advance(HOUR);
        expect(await seal({ ...world, stores: counting })).toEqual([]);
      }

      expect((await stores.chain.head()).head.sequence).toBe(sequence);
      expect(calls.filter((name) => /write|commit|put/.test(name))).toEqual([]);
      expect(calls.length).toBeLessThanOrEqual(5 * 8);
    });

    it('is sealed 20 minutes after its end, and lists what moved in it once', async () => {
      const world = await makeWorld();
      const { stores, clock } = world;
      await seal(world);
      const moved = await live(stores, finding(BEN.id, 'in time'), clock.now(), 2);
      clock.advance(HOUR + 20 * MINUTE);

      expect(await seal(world)).toEqual(['2026-06-01/09']);
      clock.advance(HOUR);
      expect(await seal(world)).toEqual([]);
      const { findings } = sealsIn(stores).at(-1)!;
      expect(findings).toEqual([{ id: moved.id, sequence: 2, head: moved.head }]);
    });

    it('to come is not sealed by a clock that is known to be ahead', async () => {
      const world = await makeWorld();
      const { stores, clock } = world;
      await seal(world);
      const at = clock.now();
      const wrongClock = { aheadBy: 26 * HOUR, since: at, lastAt: at, runs: 1 };
      await stores.coverage.change('signIns', (state) => ({ ...state, wrongClock }));
      clock.advance(26 * HOUR);

      expect(await seal(world)).toEqual([]);
    });

    it.each([
      ['the newest seal', (key: string) => key.startsWith('c|')],
      ['the history of a finding that moved', (key: string) => /^h\|.*\|0+1$/.test(key)],
    ])('is sealed although %s is spoilt', async (_what, isIt) => {
      const world = await makeWorld();
      const { stores, clock } = world;
      const copies = new MemoryCopies();
      await seal(world);
      const moved = await live(stores, finding(BEN.id, 'moved'), clock.now(), 2);
      clock.advance(2 * HOUR);
      const later = await live(stores, finding(BEN.id, 'later'), clock.now(), 2);
      const contents = stores.tables.contents('Findings');
      const rows = [...contents.rows.values()].filter(({ rowKey }) => isIt(rowKey));
      contents.put({ ...rows.at(-1)!, json: '{' });
      clock.advance(2 * HOUR);

      await sealRecord({ ...world, copies });

      const { head } = await stores.chain.head();
      const listed: string[] = [];
      for (let sequence = 2; sequence <= head.sequence; sequence++) {
        const { findings } = (await stores.chain.entry(sequence)) as TrailEntry & Seal;
        listed.push(...findings.map(({ id }) => id));
      }
      expect(listed).toEqual(expect.arrayContaining([moved.id, later.id]));
      expect(head.copied).toBe(head.sequence);
    });

    it('lists what was written late for the hour before, and no seal knows what comes later still', async () => {
      const world = await makeWorld();
      const { stores, clock } = world;
      await live(stores, finding(BEN.id, 'in time'), clock.now(), 1);
      clock.advance(HOUR);
      await seal(world);
      const evidence = { rows: stores.rows, copies: undefined };
      const late = await live(stores, finding(BEN.id, 'late'), plus(clock.now(), -MINUTE), 1);
      expect((await verifyRecord(evidence)).tamperings).toEqual([]);
      clock.advance(HOUR);

      expect(await seal(world)).toEqual(['2026-06-01/10']);
      expect(sealsIn(stores).at(-1)?.findings).toMatchObject([{ id: late.id }]);

      // Nobody writes so late: somebody has dated it back.
      await live(stores, finding(BEN.id, 'forged'), plus(clock.now(), -2 * HOUR), 1);
      expect((await verifyRecord(evidence)).tamperings).toMatchObject([{ what: 'inserted' }]);
    });

    it('that was missed is sealed later, in order, each with what stood at its end', async () => {
      const world = await makeWorld();
      const { stores, clock } = world;
      await seal(world);
      const of = finding(BEN.id, 'both hours');
      const first = await live(stores, of, clock.now(), 1);
      clock.advance(3 * HOUR);
      const now = clock.now();
      const resolved = { verdict: { state: 'resolved', resolution: 'done' } } as const;
      const next: Finding = {
        ...{ ...first, ...resolved, status: 'resolved', resolution: 'done', resolvedAt: now },
      };
      const last = await write(stores, compare(first, next, now)!);
      clock.advance(DAY);

      expect(await seal(world)).toEqual(['2026-06-01/09', '2026-06-01/12', '2026-06-01']);
      const [, early, late, day] = sealsIn(stores);
      expect(early?.findings).toEqual([{ id: of.id, sequence: 1, head: first.head }]);
      expect(late?.findings).toEqual([{ id: of.id, sequence: 2, head: last.head }]);
      expect(day?.hours?.map(({ hour }) => hour)).toEqual(['08', '09', '12']);
      expect((await verifyRecord({ rows: stores.rows, copies: undefined })).tamperings).toEqual([]);
    });

    it('is sealed once by two at a time', async () => {
      const world = await makeWorld();
      const { stores, clock } = world;
      await seal(world);
      await live(stores, finding(BEN.id, 'x'), clock.now(), 1);
      clock.advance(DAY);

      const both = await Promise.all([seal(world), seal(world)]);

      expect(both.flat().sort()).toEqual(['2026-06-01', '2026-06-01/09']);
      expect(sealsIn(stores).map(nameOf).slice(-2)).toEqual(['2026-06-01/09', '2026-06-01']);
      expect((await verifyRecord({ rows: stores.rows, copies: undefined })).tamperings).toEqual([]);
    });
  });

  it('does not go past a copy that says something else', async () => {
    const world = await makeWorld();
    const copies = new MemoryCopies();
    await copies.put(1, '{}');

    await expect(sealRecord({ ...world, copies })).rejects.toThrow(CopyDiffersError);
  });
});
