import fc from 'fast-check';
import { seeded } from '../../../cli/demo-tenant/random';
import type { Around } from '../../../shared/adapters/memory/memory-table';
import { CLAIM } from '../../../shared/domain/findings/delivery';
import { DAY, HOUR, MINUTE, plus, toInstant } from '../../../shared/domain/time';
import type { DeliverReport } from '../../../shared/pipeline/delivery/deliver';
import type { Outbox } from '../../../shared/pipeline/ports/outbox';
import {
  ACCEPTED,
  BUSY,
  DeliveryWorld,
  Killed,
  killedAt,
  NO,
  ONE,
  others,
  type FakeChannel,
  type FakePost,
} from '../../fakes/delivery-world';
import { RUNS, SEED } from '../../fakes/law';
import { memoryStores } from '../../fakes/memory-stores';
import { markOf } from '../../fakes/put-alert';
import { Shuffled } from '../../fakes/shuffled';

const T = toInstant('2026-11-27T12:00:00Z');
jest.setTimeout(60_000);

const SIDES = ['before', 'after'] as const;

let world: DeliveryWorld;
beforeEach(() => {
  world = new DeliveryWorld(T);
});

describe('a claim', () => {
  it('is written before the post, with the attempt counted', async () => {
    await world.owe(ONE, 'opened', 'card');
    const rows: unknown[] = [];
    const post = world.channel.post.bind(world.channel);
    world.channel.post = async (each) => {
      rows.push(await world.row());
      return post(each);
    };

    await world.run();

    expect(rows).toMatchObject([{ state: 'sending', attempts: 1, sendingUntil: plus(T, CLAIM) }]);
    expect(await world.row()).toEqual(
      expect.not.objectContaining({ sendingUntil: expect.anything() as unknown }),
    );
  });

  it.each(['write', 'transaction'])(
    'that cannot be written means no post (a %s is refused)',
    async (refused) => {
      for (const each of others(12)) {
        await world.owe(each, 'opened', 'card');
      }
      await world.owe(ONE, 'resolved', 'line');
      await world.owe(ONE, 'opened', 'line');
      const around: Around = (run, operation) =>
        operation === refused || (refused === 'transaction' && operation === 'write')
          ? Promise.reject(new Error('no writing'))
          : run();

      for (let i = 0; i < 3; i++) {
        await expect(world.run({ around })).rejects.toThrow('no writing');
        world.clock.advance(MINUTE);
      }

      expect(world.posted).toEqual([]);
    },
  );

  it('of another run is left alone while it holds, and its alert posted again when it is over', async () => {
    await world.owe(ONE, 'opened', 'card');
    // The operations: marks, look, claim, and then the post.
    await expect(world.run({ around: killedAt(3, 'after') })).rejects.toThrow(Killed);
    world.clock.advance(CLAIM - 1);

    expect(await world.run()).toMatchObject({ claimed: 1, posts: 0 });
    world.clock.advance(1);
    expect(await world.run()).toMatchObject({ sent: 1, posts: 1 });

    expect(world.posted).toEqual([`${ONE.id}-1`]);
    expect(await world.row()).toMatchObject({ state: 'sent', attempts: 2 });
    expect(await world.marks()).toEqual([]);
  });

  it.each([{ status: 'resolved' } as const, { suppressed: { rule: 'x' } } as const, {}])(
    'whose owner was killed after the post is posted again under the same id, whatever became of the finding: %j',
    async (fields) => {
      await world.owe(ONE, 'opened', 'card');
      await expect(world.run({ around: killedAt(4) })).rejects.toThrow(Killed);
      expect(world.posted).toHaveLength(1);
      await world.change(ONE, fields);
      world.clock.advance(CLAIM);

      expect(await world.run()).toMatchObject({ sent: 1, posts: 1 });
      expect(world.posted).toEqual([`${ONE.id}-1`, `${ONE.id}-1`]);
    },
  );

  it('holds up the later alerts of its finding: what is told must be told in order', async () => {
    await world.owe(ONE, 'opened', 'card');
    await expect(world.run({ around: killedAt(4) })).rejects.toThrow(Killed);
    await world.owe(ONE, 'resolved', 'line');

    expect(await world.run()).toMatchObject({ claimed: 2, posts: 0 });
    world.clock.advance(CLAIM);
    expect(await world.run()).toMatchObject({ sent: 2, posts: 2 });

    expect(world.posted).toEqual([`${ONE.id}-1`, `${ONE.id}-1`, `${ONE.id}-2`]);
  });

  it('never joins a digest once it may have been posted', async () => {
    await world.owe(ONE, 'opened', 'card');
    await expect(world.run({ around: killedAt(4) })).rejects.toThrow(Killed);
    for (const each of others(11)) {
      await world.owe(each, 'opened', 'card');
    }
    world.clock.advance(CLAIM);

    await world.run();

    expect(world.channel.posts.map(({ form, items }) => `${form} ${items.length}`)).toEqual([
      ...['card 1', 'digest 11', 'card 1'],
    ]);
    expect(world.posted[2]).toBe(world.posted[0]);
  });

  it('that kills whoever posts is given up', async () => {
    await world.owe(ONE, 'opened', 'card');
    const deadly = async (): Promise<void> => {
      await expect(world.run({ around: killedAt(3, 'after') })).rejects.toThrow(Killed);
      world.clock.advance(CLAIM);
    };
    for (let i = 0; i < 50; i++) {
      await deadly();
    }

    expect(await world.run()).toMatchObject({ dead: 1, posts: 0 });
    expect((await world.row()).refusals).toMatchObject([
      { reason: 'its posting was begun 50 times and never came to an end' },
    ]);
  });
});

describe('three deliverers at once', () => {
  async function deliverTogether(seed: string, count = 3): Promise<readonly DeliverReport[]> {
    const shuffled = new Shuffled(seeded(seed));
    const runs = Promise.all(
      Array.from({ length: count }, () => world.run({ around: shuffled.around })),
    );
    await shuffled.waitFor(runs);
    return runs;
  }

  it.each(Array.from({ length: 10 }, (_, i) => i))('post each card once (%i)', async (seed) => {
    world.channel.pace = 0;
    const alerts: string[] = [];
    for (const each of others(12)) {
      alerts.push((await world.owe(each, 'opened', 'line')).id);
    }

    const reports = await deliverTogether(`cards ${seed}`);

    expect(world.posted.toSorted()).toEqual(alerts);
    expect(reports.reduce((sum, { sent }) => sum + sent, 0)).toBe(12);
    await world.run();
    expect(world.posted).toHaveLength(12);
    expect(await world.marks()).toEqual([]);
  });

  it('post cards again and again when a claim is no condition: the law can be broken', async () => {
    world.channel.pace = 0;
    for (const each of others(12)) {
      await world.owe(each, 'opened', 'line');
    }
    const shuffled = new Shuffled(seeded('cards 0'));
    const { outbox } = memoryStores(world.tables.through(shuffled.around));
    const blind: Outbox = {
      due: (...args) => outbox.due(...args),
      look: (...args) => outbox.look(...args),
      announceOnce: (...args) => outbox.announceOnce(...args),
      read: (...args) => outbox.read(...args),
      claim: (row, { until }) => Promise.resolve({ ...row, state: 'sending', sendingUntil: until }),
      settle: (...args) => outbox.settle(...args),
      requeue: (...args) => outbox.requeue(...args),
      gather: (...args) => outbox.gather(...args),
      release: (...args) => outbox.release(...args),
      undelivered: (...args) => outbox.undelivered(...args),
    };

    await shuffled.waitFor(Promise.all([1, 2, 3].map(() => world.run({ outbox: blind }))));

    expect(world.posted.length).toBeGreaterThan(12);
  });

  it.each(Array.from({ length: 10 }, (_, i) => i))('post a digest once (%i)', async (seed) => {
    const alerts: string[] = [];
    for (const each of others(40)) {
      alerts.push((await world.owe(each, 'opened', 'digest')).id);
    }

    await deliverTogether(`digest ${seed}`);
    await world.run();

    expect(world.channel.members.flat().toSorted()).toEqual(alerts);
    expect(await world.marks()).toEqual([]);
  });
});

describe('the cost', () => {
  it('of 1,000 single alerts is at most 3.1 requests each, the claim included', async () => {
    world.channel.pace = 0;
    for (const each of others(1_000)) {
      await world.owe(each, 'opened', 'line');
    }
    let [requests, onTheirWay, most] = [0, 0, 0];
    const post = world.channel.post.bind(world.channel);
    world.channel.post = async (each) => {
      most = Math.max(most, ++onTheirWay);
      await new Promise(setImmediate);
      onTheirWay -= 1;
      return post(each);
    };

    const done = await world.run({
      maxPosts: 1_000,
      around: (run) => {
        requests += 1;
        return run();
      },
    });

    expect(done).toMatchObject({ sent: 1_000, posts: 1_000 });
    expect(requests).toBeLessThanOrEqual(3_100);
    expect(most).toBe(8);
    expect(await world.marks()).toEqual([]);
  });

  it('of a digest is no more', async () => {
    for (const each of others(500)) {
      await world.owe(each, 'opened', 'card');
    }
    let requests = 0;

    await world.run({
      around: (run) => {
        requests += 1;
        return run();
      },
    });

    expect(world.posted).toHaveLength(1);
    expect(requests).toBeLessThanOrEqual(1_550);
  });
});

describe('being killed', () => {
  /** Kills a run at its every operation, and looks at what is left of it. */
  async function everywhere(
    owe: () => Promise<void>,
    check: (kill: string) => Promise<void>,
    step = 1,
  ): Promise<number> {
    for (let nth = 1; ; nth += step) {
      for (const side of SIDES) {
        world = new DeliveryWorld(T);
        await owe();
        const end = await world
          .run({ around: killedAt(nth, side) })
          .catch((error: unknown) => error);
        if (!(end instanceof Killed)) {
          return nth;
        }
        world.clock.advance(CLAIM + MINUTE);
        await check(`${side} ${nth}`);
      }
    }
  }

  it('anywhere around single alerts loses none and repeats under the same id', async () => {
    const findings = others(3);
    const kills = await everywhere(
      async () => {
        for (const each of findings) {
          await world.owe(each, 'opened', 'card');
        }
        await world.owe(ONE, 'opened', 'card', 'sent');
        await world.owe(ONE, 'resolved', 'line');
      },
      async (kill) => {
        await world.run();
        expect([kill, [...new Set(world.posted)].toSorted()]).toEqual([
          kill,
          [...findings.map(({ id }) => `${id}-1`), `${ONE.id}-2`].toSorted(),
        ]);
        expect([kill, await world.marks()]).toEqual([kill, []]);
        expect(await world.states()).toEqual(['sent', 'sent']);
      },
    );

    expect(kills).toBeGreaterThan(13);
  });

  // More than 33 lie under the digest only after two transactions.
  it.each([12, 35])(
    'anywhere around a digest of %d repeats it with the same id and the same alerts, also when more came up',
    async (count) => {
      const findings = others(count);
      const [late] = others(count + 1).slice(count);
      const kills = await everywhere(
        async () => {
          for (const each of findings) {
            await world.owe(each, 'opened', 'card');
          }
        },
        async (kill) => {
          await world.owe(late!, 'opened', 'digest');
          // One of its findings ends: if it was told, its end is told after it.
          await world.owe(findings[0]!, 'resolved', 'line');
          await world.run();
          await world.run();

          const { ids, members } = world.channel;
          const [digests, told] = [new Map<string, string>(), new Map<string, Set<string>>()];
          members.forEach((alerts, i) => {
            const id = ids[i]!;
            expect([kill, digests.get(id) ?? alerts.join()]).toEqual([kill, alerts.join()]);
            digests.set(id, alerts.join());
            alerts.forEach((alert) => told.set(alert, (told.get(alert) ?? new Set()).add(id)));
          });
          for (const [alert, posts] of told) {
            expect([kill, alert, posts.size]).toEqual([kill, alert, 1]);
          }
          expect([kill, told.size]).toEqual([
            kill,
            told.has(`${findings[0]!.id}-1`) ? count + 2 : count,
          ]);
          expect([kill, await world.marks()]).toEqual([kill, []]);
          const states = new Set<unknown>();
          for (const each of [...findings.slice(1), late!]) {
            (await world.states(each)).forEach((state) => states.add(state));
          }
          expect([kill, [...states]]).toEqual([kill, ['sent']]);
        },
        count === 12 ? 1 : 7,
      );

      expect(kills).toBeGreaterThan(3 * count);
    },
  );

  it('while it records that a digest failed: all of it is posted again', async () => {
    for (const each of others(11)) {
      await world.owe(each, 'opened', 'card');
    }
    world.channel.answers = [BUSY, ACCEPTED];
    // Marks, 11 looks, gathering, 11 claims, and some of the outcomes.
    await expect(world.run({ around: killedAt(29) })).rejects.toThrow(Killed);
    world.clock.advance(CLAIM);

    expect(await world.run()).toMatchObject({ sent: 11, posts: 1 });
    expect(world.channel.members[1]).toEqual(world.channel.members[0]);
    world.clock.advance(HOUR);
    expect(await world.run()).toMatchObject({ posts: 0 });
    expect(await world.marks()).toEqual([]);
  });

  it('around a digest of which one finding is gone before the repeat', async () => {
    const findings = others(11);
    for (const each of findings) {
      await world.owe(each, 'opened', 'card');
    }
    await expect(world.run({ around: killedAt(26) })).rejects.toThrow(Killed);
    expect(world.posted).toHaveLength(1);
    world.forget(findings[10]!);
    world.clock.advance(CLAIM);

    expect(await world.run()).toMatchObject({ dead: 1, posts: 1 });
    expect(world.posted[1]).toBe(world.posted[0]);
    expect(world.channel.members[1]).toEqual(world.channel.members[0]!.slice(0, -1));
    expect(await world.marks()).toEqual([]);
  });

  it('around a digest, and then having no channel any more', async () => {
    for (const each of others(11)) {
      await world.owe(each, 'opened', 'card');
    }
    await expect(world.run({ around: killedAt(29) })).rejects.toThrow(Killed);

    expect(await world.run({ hasChannel: false })).toMatchObject({ claimed: 11 });
    world.clock.advance(CLAIM);
    const { notConfigured } = await world.run({ hasChannel: false });
    expect(notConfigured).toBeGreaterThan(0);
    expect(await world.marks()).toEqual([]);
  });

  it('leaves an alert of a digest free that somebody else posted by itself', async () => {
    const findings = others(11);
    for (const each of findings) {
      await world.owe(each, 'opened', 'card');
    }
    // All lie under the digest, none is claimed; another run had read the first one's mark before that.
    await expect(world.run({ around: killedAt(13, 'after') })).rejects.toThrow(Killed);
    const row = await world.row(findings[0]);
    await world.outbox.claim(row, { until: plus(T, CLAIM) });
    await world.outbox.release([{ mark: markOf(row) }]);
    world.clock.advance(CLAIM);

    await world.run();

    expect(world.channel.posts.map(({ form }) => form)).toEqual(
      Array.from({ length: 11 }, () => 'card'),
    );
    expect(await world.marks()).toEqual([]);
  });
});

describe('two channels', () => {
  beforeEach(() => {
    world = new DeliveryWorld(T, ['good', 'bad']);
  });
  const channelOf = (id: string): FakeChannel => world.channels[id]!;

  it('have fates of their own: one refuses for ever, the other delivers', async () => {
    channelOf('bad').answers = [NO];
    await world.owe(ONE, 'opened', 'card');

    const first = await world.run();
    expect(first).toMatchObject({
      ...{ sent: 1, waiting: 1, posts: 2, lastError: 'too odd' },
      channels: { good: { sent: 1, waiting: 0 }, bad: { sent: 0, waiting: 1 } },
    });
    for (let i = 0; i < 4; i++) {
      world.clock.advance(4 * MINUTE);
      await world.run();
    }
    await world.owe(ONE, 'resolved', 'line');
    await world.run();

    expect(channelOf('good').ids).toEqual([`${ONE.id}-1`, `${ONE.id}-2`]);
    expect(channelOf('bad').ids).toEqual(Array(3).fill(`${ONE.id}-1`));
    expect(await world.states(ONE, 'good')).toEqual(['sent', 'sent']);
    // Its beginning was never told there.
    expect(await world.states(ONE, 'bad')).toEqual(['dead', 'collapsed']);
    expect(await world.outbox.undelivered('dead', 9)).toEqual([
      { alertId: `${ONE.id}-1`, channel: 'bad' },
    ]);
    expect(await world.marks()).toEqual([]);
  });

  it('of which one hangs with more than a run looks at do not starve the other', async () => {
    for (const each of others(1_001)) {
      await world.owe(each, 'opened', 'line', 'sent');
    }
    for (const each of others(1_001)) {
      await world.owe(each, 'resolved', 'line');
      const row = await world.row(each, 2, 'good');
      await world.outbox.settle(row, { state: 'sent', refusals: [] });
      await world.outbox.release([{ mark: markOf(row), state: 'sent' }]);
    }
    world.clock.advance(MINUTE);
    await world.owe(ONE, 'opened', 'card');
    channelOf('bad').answers = [BUSY];

    expect(await world.run()).toMatchObject({
      channels: { good: { sent: 1 }, bad: { sent: 0, posts: 3 } },
    });
  });

  it('of which one is removed from the settings: what waits there is said', async () => {
    await world.owe(ONE, 'opened', 'card');

    expect(await world.run({ channels: ['good'] })).toMatchObject({
      ...{ sent: 1, notConfigured: 1 },
      channels: { bad: { notConfigured: 1 } },
    });

    expect(await world.row(ONE, 1, 'bad')).toMatchObject({
      state: 'not-configured',
      refusals: [{ reason: 'the channel bad is not configured' }],
    });
    expect(await world.outbox.undelivered('not-configured', 9)).toEqual([
      { alertId: `${ONE.id}-1`, channel: 'bad' },
    ]);
    expect(await world.marks()).toEqual([]);
  });
});

// ------------------------------------------------------------------------------------------------------- plans

const FINDINGS = [ONE, ...others(4)];
const CHANNELS = ['one', 'two'] as const;
/** `lost`: the channel took it, and its answer never came. */
const LOST = new Error('the answer is lost');
const ANSWERS = { yes: ACCEPTED, busy: BUSY, throws: new RangeError('broken'), no: NO, lost: LOST };
const ANSWER_NAMES = ['yes', 'busy', 'throws', 'no', 'lost'] as const;

type Action =
  | { readonly do: 'open' | 'close'; readonly finding: number; readonly form: 'card' | 'digest' }
  | { readonly do: 'run'; readonly runners: number; readonly kill: number; readonly seed: number }
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'answer'; readonly channel: number; readonly answer: keyof typeof ANSWERS };

const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('open', 'close'),
      finding: fc.nat(FINDINGS.length - 1),
      form: fc.constantFrom('card', 'digest'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('run' as const),
      runners: fc.integer({ min: 1, max: 3 }),
      kill: fc.integer({ min: 0, max: 60 }),
      seed: fc.nat(1_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      minutes: fc.constantFrom(1, 4, 6, 70),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      channel: fc.nat(1),
      answer: fc.constantFrom(...ANSWER_NAMES),
    }),
  },
);

/** Plans that once ended in something told twice, or in an opening told after its end was dropped. */
const EXAMPLES: [Action[]][] = [
  // A kill after the post of a digest, then a post of it without an answer, then another opening (seed -159403496).
  [
    [
      { do: 'open', finding: 0, form: 'digest' },
      { do: 'run', runners: 1, kill: 5, seed: 138 },
      { do: 'wait', minutes: 6 },
      { do: 'answer', channel: 0, answer: 'throws' },
      { do: 'answer', channel: 1, answer: 'yes' },
      { do: 'open', finding: 1, form: 'digest' },
      { do: 'run', runners: 1, kill: 0, seed: 0 },
      { do: 'run', runners: 1, kill: 0, seed: 0 },
      { do: 'answer', channel: 0, answer: 'yes' },
    ],
  ],
  // The same of a card, which a flood of others must not take along.
  [
    [
      { do: 'open', finding: 0, form: 'card' },
      { do: 'answer', channel: 0, answer: 'lost' },
      { do: 'run', runners: 1, kill: 0, seed: 0 },
      { do: 'answer', channel: 0, answer: 'yes' },
      { do: 'open', finding: 1, form: 'card' },
      { do: 'open', finding: 2, form: 'card' },
      { do: 'open', finding: 3, form: 'card' },
      { do: 'wait', minutes: 1 },
      { do: 'run', runners: 1, kill: 0, seed: 0 },
    ],
  ],
  // A kill right after it was recorded that the channel is busy, and the finding ends (seed -1312359886).
  [
    [
      { do: 'answer', channel: 0, answer: 'busy' },
      { do: 'open', finding: 0, form: 'digest' },
      { do: 'run', runners: 1, kill: 9, seed: 0 },
      { do: 'run', runners: 1, kill: 0, seed: 0 },
      { do: 'wait', minutes: 1 },
      { do: 'close', finding: 0, form: 'card' },
      { do: 'run', runners: 1, kill: 0, seed: 0 },
    ],
  ],
];

async function act(action: Action): Promise<number> {
  switch (action.do) {
    case 'open':
    case 'close': {
      const finding = FINDINGS[action.finding]!;
      const stored = (await world.stores.findings.find(finding.id))?.finding;
      const isOpen = stored?.status === 'open';
      if (action.do === 'open' && !isOpen) {
        await world.owe(finding, stored === undefined ? 'opened' : 'reopened', action.form);
      } else if (action.do === 'close' && isOpen) {
        await world.owe(finding, 'resolved', 'line');
      }
      return 0;
    }
    case 'wait':
      world.clock.advance(action.minutes * MINUTE);
      return 0;
    case 'answer':
      world.channels[CHANNELS[action.channel]!]!.answers = [ANSWERS[action.answer]];
      return 0;
    case 'run': {
      const shuffled = new Shuffled(seeded(String(action.seed)));
      const dying = action.kill === 0 ? undefined : killedAt(action.kill);
      const first: Around = (run, ...of) =>
        shuffled.around(() => (dying === undefined ? run() : dying(run, ...of)), ...of);
      const runs = Array.from({ length: action.runners }, (_, i) =>
        world.run({ around: i === 0 ? first : shuffled.around, digestAbove: 2 }),
      );
      const ended = Promise.allSettled(runs);
      await shuffled.waitFor(ended);
      for (const each of await ended) {
        if (each.status === 'rejected' && !(each.reason instanceof Killed)) {
          throw each.reason;
        }
      }
      return dying === undefined ? 0 : 1;
    }
  }
}

describe('whatever happens to deliverers and channels', () => {
  it(`nothing is lost, and nothing is told twice but under one id (${RUNS} plans)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(actions, { minLength: 5, maxLength: 40 }), async (plan) => {
        world = new DeliveryWorld(T, CHANNELS);
        let kills = 0;
        for (const action of plan) {
          kills += await act(action);
        }
        for (const id of CHANNELS) {
          world.channels[id]!.answers = [ACCEPTED];
        }
        for (let i = 0; i < 5; i++) {
          world.clock.advance(DAY);
          await world.run({ digestAbove: 2 });
        }

        expect(await world.marks()).toEqual([]);
        for (const id of CHANNELS) {
          const accepted = world.channels[id]!.posts.filter(
            ({ answer }) => answer === ACCEPTED || answer === LOST,
          );
          const told = new Map<string, FakePost[]>();
          const members = new Map<string, string>();
          for (const post of accepted) {
            const alerts = post.items.map(({ alert }) => alert.id);
            expect(members.get(post.id) ?? alerts.join()).toBe(alerts.join());
            members.set(post.id, alerts.join());
            alerts.forEach((alert) => told.set(alert, [...(told.get(alert) ?? []), post]));
          }
          for (const posts of told.values()) {
            expect(new Set(posts.map((post) => post.id)).size).toBe(1);
            const answered = posts.filter(({ answer }) => answer === ACCEPTED);
            expect(answered.length).toBeLessThanOrEqual(1 + kills);
          }
          for (const finding of FINDINGS) {
            const stored = (await world.stores.findings.find(finding.id))?.finding;
            const states = stored === undefined ? [] : await world.states(finding, id);
            expect(states.filter((each) => !['sent', 'collapsed', 'dead'].includes(each!))).toEqual(
              [],
            );
            states.forEach((state, i) => {
              expect([state, told.has(`${finding.id}-${i + 1}`)]).not.toEqual(['sent', false]);
            });
            // What people know last of it is what is so.
            const last = states.lastIndexOf('sent') + 1;
            const isDead = states.slice(last).includes('dead');
            const lastVerb = accepted
              .flatMap(({ items }) => items)
              .find(({ alert }) => alert.id === `${finding.id}-${last}`)?.alert.verb;
            const isKnownOpen = lastVerb === 'opened' || lastVerb === 'reopened';
            expect(isDead || isKnownOpen === (stored?.status === 'open')).toBe(true);
          }
        }
      }),
      { numRuns: RUNS, examples: EXAMPLES, ...(SEED !== undefined && { seed: Number(SEED) }) },
    );
  });
});
