import { memoryStores } from '../fakes/memory-stores';
import type { Alert, AlertVerb, Finding } from '../../shared/domain/finding';
import {
  between,
  DAY,
  HOUR,
  MINUTE,
  plus,
  SECOND,
  toInstant,
  type Instant,
} from '../../shared/domain/time';
import { deliverAlerts, type DeliverReport } from '../../shared/pipeline/deliver';
import type {
  Channel,
  DeliveryResult,
  DeliveryState,
  Outbox,
  Post,
  SendMark,
} from '../../shared/pipeline/ports';
import { alertOf, worded } from '../adapters/teams/findings';
import { VirtualClock } from '../fakes/clock';

const T = toInstant('2026-11-27T12:00:00Z');
const ONE = worded('mfa-registration-unfinished', 'unfinished', {});
const ACCEPTED: DeliveryResult = { outcome: 'accepted' };
const BUSY: DeliveryResult = { outcome: 'later', error: 'busy' };
const NO: DeliveryResult = { outcome: 'refused', error: 'too odd' };

/** A channel that keeps what it is given and answers from a list, the last answer for ever. */
class FakeChannel implements Channel {
  readonly posts: (Post & { at: Instant })[] = [];
  answers: (DeliveryResult | Error)[] = [ACCEPTED];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  post(post: Post): Promise<DeliveryResult> {
    this.posts.push({ ...post, at: this.#clock.now() });
    const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

/** An outbox, the findings it speaks of, a channel and a clock. */
class World {
  readonly clock = new VirtualClock(T);
  readonly outbox = memoryStores().outbox;
  readonly findings = new Map<string, Finding>();
  readonly channel = new FakeChannel(this.clock);

  /** Commits one more alert of a finding, and puts it into a state. */
  async owe(
    finding: Finding,
    verb: AlertVerb,
    form: Alert['form'],
    state: DeliveryState = 'waiting',
  ): Promise<Alert> {
    const stored = this.findings.get(finding.id) ?? { ...finding, sequence: 0 };
    const sequence = stored.sequence + 1;
    const isEnd = verb === 'resolved' || verb === 'superseded';
    this.findings.set(finding.id, { ...stored, sequence, status: isEnd ? 'resolved' : 'open' });
    const alert = alertOf(finding, verb, form, sequence);
    await this.outbox.owe(alert, this.clock.now());
    if (state !== 'waiting') {
      const row = (await this.outbox.read(alert.id))!;
      await this.outbox.settle(
        row,
        { state, attempts: 1 },
        { alertId: alert.id, at: this.clock.now() },
      );
    }
    return alert;
  }

  change(finding: Finding, fields: Partial<Finding>): void {
    this.findings.set(finding.id, { ...this.findings.get(finding.id)!, ...fields });
  }

  run(
    options: { hasChannel?: boolean; outbox?: Outbox; mostPerRun?: number; budget?: number } = {},
  ): Promise<DeliverReport> {
    const { hasChannel = true, outbox = this.outbox, ...rest } = options;
    return deliverAlerts({
      ...{ outbox, clock: this.clock, digestAbove: 10, ...rest },
      channel: hasChannel ? this.channel : undefined,
      findings: {
        find: (id) => {
          const finding = this.findings.get(id);
          return Promise.resolve(finding && { finding, etag: '1' });
        },
      },
    });
  }

  async states(finding: Finding = ONE): Promise<(DeliveryState | undefined)[]> {
    const { sequence } = this.findings.get(finding.id)!;
    return Promise.all(
      Array.from(
        { length: sequence },
        async (_, i) => (await this.outbox.read(`${finding.id}-${i + 1}`))?.state,
      ),
    );
  }

  /** Of what is still to be sent; a plan is one, too. */
  async marks(): Promise<readonly unknown[]> {
    const { marks, plan } = await this.outbox.due(plus(this.clock.now(), 100 * DAY), 10_000);
    return [...marks, ...(plan === undefined ? [] : [plan])];
  }

  get posted(): string[] {
    return this.channel.posts.map((post) => post.id);
  }
}

function others(count: number): Finding[] {
  return Array.from({ length: count }, (_, i) => ({
    ...ONE,
    id: `${String(i).padStart(16, '0')}-000000000000`,
  }));
}

/** The same outbox with some operations replaced. */
function instead(outbox: Outbox, operations: Partial<Outbox>): Outbox {
  return new Proxy(outbox, {
    get: (target, name) => {
      const member: unknown = Reflect.get({ ...operations }, name) ?? Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

const NOTHING: DeliverReport = {
  sent: 0,
  collapsed: 0,
  waiting: 0,
  dead: 0,
  notConfigured: 0,
  posts: 0,
};

let world: World;
beforeEach(() => {
  world = new World();
});

describe('pipeline/deliver', () => {
  describe('says', () => {
    it('an opening, with its finding, under the id of the alert', async () => {
      const alert = await world.owe(ONE, 'opened', 'card');

      const report = await world.run();

      expect(report).toEqual({ ...NOTHING, sent: 1, posts: 1 });
      expect(world.channel.posts).toMatchObject([
        { id: alert.id, form: 'card', items: [{ alert, finding: { id: ONE.id } }] },
      ]);
      expect(await world.states()).toEqual(['sent']);
      expect(await world.marks()).toEqual([]);
    });

    it('nothing twice', async () => {
      await world.owe(ONE, 'opened', 'card');
      await world.run();

      expect(await world.run()).toEqual(NOTHING);
      expect(world.posted).toHaveLength(1);
    });

    it('at most one thing a second', async () => {
      for (const finding of others(3)) {
        await world.owe(finding, 'opened', 'card');
      }

      await world.run();

      const [first, ...rest] = world.channel.posts.map((post) => between(T, post.at));
      expect([first, ...rest]).toEqual([0, SECOND, 2 * SECOND]);
    });
  });

  describe('collapses', () => {
    type Told = readonly [AlertVerb, Alert['form'], DeliveryState?];
    interface Story {
      readonly when: string;
      readonly told: readonly Told[];
      readonly finding?: Partial<Finding>;
      /** The number of the transition that is posted. */
      readonly posts: number | undefined;
      readonly states: readonly (DeliveryState | undefined)[];
    }
    const opened: Told = ['opened', 'card'];
    const resolved: Told = ['resolved', 'line'];
    const reopened: Told = ['reopened', 'card'];
    const sent = ([verb, form]: Told): Told => [verb, form, 'sent'];
    const stories: Story[] = [
      {
        when: 'an opening was raised before it was told',
        told: [opened, ['escalated', 'card']],
        posts: 2,
        states: ['collapsed', 'sent'],
      },
      {
        when: 'an opening ended before it was told',
        told: [opened, resolved],
        posts: undefined,
        states: ['collapsed', 'collapsed'],
      },
      {
        when: 'a continuation ended before it was told',
        told: [['opened', 'line'], resolved],
        posts: undefined,
        states: ['collapsed', 'collapsed'],
      },
      {
        when: 'an opening for a digest was superseded before it was told',
        told: [
          ['opened', 'digest'],
          ['superseded', 'line'],
        ],
        posts: undefined,
        states: ['collapsed', 'collapsed'],
      },
      {
        when: 'it ended and came back before anything was told',
        told: [opened, resolved, reopened],
        posts: 3,
        states: ['collapsed', 'collapsed', 'sent'],
      },
      {
        when: 'the opening was told',
        told: [sent(opened), resolved],
        posts: 2,
        states: ['sent', 'sent'],
      },
      {
        when: 'the opening was told, the end and the return were not',
        told: [sent(opened), resolved, reopened],
        posts: 3,
        states: ['sent', 'collapsed', 'sent'],
      },
      {
        when: 'the opening was told, it ended, came back and ended again',
        told: [sent(opened), resolved, reopened, resolved],
        posts: 4,
        states: ['sent', 'collapsed', 'collapsed', 'sent'],
      },
      {
        when: 'the return ended before it was told',
        told: [sent(opened), sent(resolved), reopened, resolved],
        posts: undefined,
        states: ['sent', 'sent', 'collapsed', 'collapsed'],
      },
      {
        when: 'an end that was told is superseded',
        told: [sent(opened), sent(resolved), ['superseded', 'line']],
        posts: 3,
        states: ['sent', 'sent', 'sent'],
      },
      {
        when: 'only the raise was told',
        told: [['opened', 'card', 'collapsed'], ['escalated', 'card', 'sent'], resolved],
        posts: 3,
        states: ['collapsed', 'sent', 'sent'],
      },
      {
        when: 'the opening was given up',
        told: [['opened', 'card', 'dead'], resolved],
        posts: undefined,
        states: ['dead', 'collapsed'],
      },
      {
        when: 'the opening had no channel',
        told: [['opened', 'card', 'not-configured'], resolved],
        posts: undefined,
        states: ['not-configured', 'collapsed'],
      },
      {
        when: 'a person ended it before it was told',
        told: [opened],
        finding: { status: 'resolved', resolution: 'by-person' },
        posts: undefined,
        states: ['collapsed'],
      },
      {
        when: 'a person acknowledged it before it was told',
        told: [opened],
        finding: { status: 'acknowledged' },
        posts: 1,
        states: ['sent'],
      },
      {
        when: 'a person opened it again before the end was told',
        told: [sent(opened), resolved],
        finding: { status: 'open' },
        posts: undefined,
        states: ['sent', 'collapsed'],
      },
      {
        when: 'a later alert was given up',
        told: [opened, ['escalated', 'card', 'dead']],
        posts: 1,
        states: ['sent', 'dead'],
      },
    ];

    it.each(stories)('$when', async ({ told, finding, posts, states }) => {
      for (const [verb, form, state] of told) {
        await world.owe(ONE, verb, form, state);
      }
      world.change(ONE, finding ?? {});

      const report = await world.run();

      const before = told.filter(
        ([, , state]) => state !== undefined && state !== 'waiting',
      ).length;
      expect(world.posted).toEqual(posts === undefined ? [] : [`${ONE.id}-${posts}`]);
      expect(await world.states()).toEqual(states);
      expect(report.sent + report.collapsed).toBe(told.length - before);
      expect(await world.marks()).toEqual([]);
    });

    it('across transitions that nobody is told of', async () => {
      await world.owe(ONE, 'opened', 'card', 'sent');
      world.change(ONE, { sequence: 7, status: 'acknowledged' });
      await world.owe(ONE, 'resolved', 'line');

      await world.run();

      expect(world.posted).toEqual([`${ONE.id}-8`]);
    });

    it.each<[DeliveryState, Alert['form']]>([
      ['sent', 'line'],
      ['collapsed', 'card'],
      ['waiting', 'card'],
    ])('the end of a rule, after an opening that is %s, as a %s', async (state, form) => {
      await world.owe(ONE, 'opened', 'card', state);
      await world.owe(ONE, 'unsuppressed', 'line');

      await world.run();

      expect(world.channel.posts).toMatchObject([{ id: `${ONE.id}-2`, form }]);
    });

    it('the end of a rule only while the finding is open', async () => {
      await world.owe(ONE, 'opened', 'card', 'sent');
      await world.owe(ONE, 'unsuppressed', 'line');
      world.change(ONE, { status: 'resolved' });

      await world.run();

      expect(world.posted).toEqual([]);
    });

    it('an opening that waits for its next attempt, when the end comes due first', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [BUSY, ACCEPTED];
      await world.run();
      await world.owe(ONE, 'resolved', 'line');

      await world.run();
      world.clock.advance(HOUR);
      await world.run();

      expect(world.posted).toEqual([`${ONE.id}-1`]);
      expect(await world.states()).toEqual(['collapsed', 'collapsed']);
    });

    it('what ends while earlier posts go out', async () => {
      const [first, second] = others(2) as [Finding, Finding];
      await world.owe(first, 'opened', 'card');
      await world.owe(second, 'opened', 'card');
      const post = world.channel.post.bind(world.channel);
      world.channel.post = async (each) => {
        world.change(second, { status: 'resolved' });
        return post(each);
      };

      const report = await world.run();

      expect(report).toEqual({ ...NOTHING, sent: 1, collapsed: 1, posts: 1 });
    });
  });

  describe('marks', () => {
    it.each([
      ['just now', 0, 1],
      ['not quite an hour ago', HOUR - 1, 1],
      ['an hour ago', HOUR, 0],
    ])('of an alert that was never committed, written %s', async (_, age, left) => {
      const mark = { alertId: `${ONE.id}-1`, at: T };
      const marks = new Map([[mark.alertId, mark]]);
      const outbox: Outbox = {
        due: () => Promise.resolve({ marks: [...marks.values()] }),
        plan: () => Promise.reject(new Error('nothing to plan')),
        unplan: () => Promise.reject(new Error('nothing is planned')),
        read: () => Promise.resolve(undefined),
        settle: () => Promise.reject(new Error('nothing to settle')),
        drop: ({ alertId }) => Promise.resolve(void marks.delete(alertId)),
        counts: () => Promise.resolve({ waiting: 0, 'not-configured': 0, dead: 0 }),
        unsaid: () => Promise.resolve([]),
      };
      world.clock.advance(age);

      const report = await world.run({ outbox });

      expect(report).toEqual(NOTHING);
      expect(marks.size).toBe(left);
    });

    it('of a settled alert are dropped', async () => {
      const alert = await world.owe(ONE, 'opened', 'card');
      const row = (await world.outbox.read(alert.id))!;
      await world.outbox.settle(
        row,
        { state: 'sent', attempts: 1 },
        { alertId: alert.id, at: plus(T, 1) },
      );

      expect(await world.run()).toEqual(NOTHING);
      expect(await world.marks()).toEqual([]);
    });

    it('that are two for one alert make one post', async () => {
      const alert = await world.owe(ONE, 'opened', 'card');
      const marks = [T, plus(T, 1)].map((at) => ({ alertId: alert.id, at }));
      const outbox = instead(world.outbox, { due: () => Promise.resolve({ marks }) });

      const report = await world.run({ outbox });

      expect(report).toEqual({ ...NOTHING, sent: 1, posts: 1 });
    });

    it('whose finding is gone end dead', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.findings.clear();

      const report = await world.run();

      expect(report).toEqual({ ...NOTHING, dead: 1 });
      expect(await world.outbox.read(`${ONE.id}-1`)).toMatchObject({
        lastError: 'its finding is gone',
      });
    });
  });

  describe('makes one digest', () => {
    const openAll = async (count: number, form: Alert['form']): Promise<string[]> => {
      const alerts: string[] = [];
      for (const finding of others(count)) {
        alerts.push((await world.owe(finding, 'opened', form)).id);
      }
      return alerts;
    };

    it.each([
      [10, 'card', 10, 'card'],
      [11, 'card', 1, 'digest'],
      [1, 'digest', 1, 'digest'],
      [12, 'line', 12, 'line'],
    ] as const)(
      'of %d openings in form %s: %d posts in form %s',
      async (count, form, posts, posted) => {
        const ids = await openAll(count, form);

        const report = await world.run();

        expect(report).toEqual({ ...NOTHING, sent: count, posts });
        expect(world.channel.posts.map((post) => post.form)).toEqual(Array(posts).fill(posted));
        expect(
          world.channel.posts.flatMap((post) => post.items.map(({ alert }) => alert.id)),
        ).toEqual(ids);
      },
    );

    it('beside cards and lines of their own', async () => {
      const [a, b, c] = others(3) as [Finding, Finding, Finding];
      await world.owe(a, 'opened', 'card');
      await world.owe(b, 'opened', 'digest');
      await world.owe(c, 'opened', 'digest');
      await world.owe(ONE, 'opened', 'card', 'sent');
      await world.owe(ONE, 'resolved', 'line');

      const report = await world.run();

      expect(report).toEqual({ ...NOTHING, sent: 4, posts: 3 });
      expect(world.channel.posts.map(({ form, items }) => `${form} ${items.length}`)).toEqual([
        'digest 2',
        'card 1',
        'line 1',
      ]);
    });

    it('with an id that depends on its alerts alone', async () => {
      await openAll(20, 'card');
      world.channel.answers = [BUSY, ACCEPTED];

      await world.run();
      world.clock.advance(MINUTE);
      const report = await world.run();

      expect(report).toEqual({ ...NOTHING, sent: 20, posts: 1 });
      const [first, again] = world.posted;
      expect(first).toMatch(/^digest-[0-9a-f]{24}$/);
      expect(again).toBe(first);
      await openAll(21, 'digest');
      await world.run();
      expect(world.posted[2]).not.toBe(first);
    });
  });

  describe('without a channel', () => {
    it('settles what is owed as not configured', async () => {
      await world.owe(ONE, 'opened', 'card');
      const [ended] = others(1) as [Finding];
      await world.owe(ended, 'opened', 'card');
      await world.owe(ended, 'resolved', 'line');

      const report = await world.run({ hasChannel: false });

      expect(report).toEqual({ ...NOTHING, notConfigured: 1, collapsed: 2 });
      expect(await world.states()).toEqual(['not-configured']);
      expect(await world.outbox.counts()).toEqual({ waiting: 0, 'not-configured': 1, dead: 0 });
      expect(await world.run()).toEqual(NOTHING);
    });
  });

  describe('tries again', () => {
    /** Runs whenever something is due; the minutes after the first attempt at which posts were made. */
    async function attempts(runs: number): Promise<number[]> {
      for (let i = 0; i < runs; i++) {
        await world.run();
        const [mark] = (await world.marks()) as { at: Instant }[];
        world.clock.advance(mark === undefined ? 0 : between(world.clock.now(), mark.at));
      }
      return world.channel.posts.map((post) => between(T, post.at) / MINUTE);
    }

    it('after 1, 2, 4 minutes and so on, at most an hour, until a day is over', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [BUSY];

      const times = await attempts(50);

      expect(times.slice(0, 9)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
      expect(times.at(-1)).toBe(24 * 60);
      expect(await world.outbox.read(`${ONE.id}-1`)).toMatchObject({
        state: 'dead',
        lastError: 'busy',
        attempts: times.length,
      });
      expect(await world.marks()).toEqual([]);
      expect(new Set(world.posted)).toEqual(new Set([`${ONE.id}-1`]));
    });

    it('later when asked to', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [
        { ...BUSY, retryAfter: 10 * MINUTE },
        { ...BUSY, retryAfter: SECOND },
        ACCEPTED,
      ];

      expect(await attempts(3)).toEqual([0, 10, 12]);
      expect(await world.states()).toEqual(['sent']);
    });

    it('once, even when the alert is a day old before the first attempt', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.clock.advance(2 * DAY);
      world.channel.answers = [BUSY];

      const report = await world.run();

      expect(report).toEqual({ ...NOTHING, dead: 1, posts: 1, lastError: 'busy' });
    });

    it('a refused card twice, and keeps it', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [NO];

      expect(await attempts(5)).toEqual([0, 1, 3]);
      expect(await world.outbox.read(`${ONE.id}-1`)).toMatchObject({
        state: 'dead',
        attempts: 3,
        lastError: 'refused 3 of 3 times: too odd',
      });
      expect((await world.outbox.counts()).dead).toBe(1);
    });

    it('counting refusals one after the other only', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [NO, NO, BUSY, NO, NO, ACCEPTED];

      await attempts(6);

      expect(await world.states()).toEqual(['sent']);
    });

    it('when the channel throws, without its words', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [new RangeError('secret')];

      const report = await world.run();

      expect(report).toEqual({
        ...NOTHING,
        waiting: 1,
        posts: 1,
        lastError: 'the channel failed (RangeError)',
      });
    });
  });

  describe('leaves the rest of the run', () => {
    beforeEach(async () => {
      for (const finding of others(8)) {
        await world.owe(finding, 'opened', 'line');
      }
    });

    it('when it is asked to wait', async () => {
      world.channel.answers = [ACCEPTED, { ...BUSY, retryAfter: MINUTE }];

      expect(await world.run()).toMatchObject({ sent: 1, waiting: 7, posts: 2 });
    });

    it('when three posts failed one after the other', async () => {
      world.channel.answers = [BUSY, NO, ACCEPTED, BUSY, NO, BUSY];

      expect(await world.run()).toMatchObject({ sent: 1, waiting: 7, posts: 6, lastError: 'busy' });
    });

    it('after so many posts', async () => {
      expect(await world.run({ mostPerRun: 5 })).toMatchObject({ sent: 5, waiting: 3, posts: 5 });
      expect(await world.run({ mostPerRun: 5 })).toMatchObject({ sent: 3, waiting: 0, posts: 3 });
    });

    it('after so long', async () => {
      expect(await world.run({ budget: 3 * SECOND })).toMatchObject({ sent: 4, waiting: 4 });
    });
  });

  describe('survives', () => {
    const killedAt = (nth: number): Outbox => {
      let count = 0;
      return instead(world.outbox, {
        settle: (...args) => {
          count += 1;
          return count === nth ? Promise.reject(new Error('killed')) : world.outbox.settle(...args);
        },
      });
    };

    it('being killed between the post and its record: the repeat has the same id', async () => {
      await world.owe(ONE, 'opened', 'card');

      await expect(world.run({ outbox: killedAt(1) })).rejects.toThrow('killed');
      await world.run();

      expect(world.posted).toEqual([`${ONE.id}-1`, `${ONE.id}-1`]);
      expect(await world.states()).toEqual(['sent']);
    });

    describe('being killed around a digest', () => {
      const members = (): string[][] =>
        world.channel.posts.map(({ items }) => items.map(({ alert }) => alert.id));

      beforeEach(async () => {
        for (const finding of others(11)) {
          await world.owe(finding, 'opened', 'card');
        }
      });

      it.each(Array.from({ length: 11 }, (_, i) => i + 1))(
        'at alert %d of those it settles: the repeat has the same id and the same alerts',
        async (nth) => {
          await expect(world.run({ outbox: killedAt(nth) })).rejects.toThrow('killed');
          const [late, lateToo] = others(13).slice(11) as [Finding, Finding];
          await world.owe(late, 'opened', 'digest');
          await world.owe(lateToo, 'opened', 'card');

          const report = await world.run();

          const [first, again, ...more] = world.channel.posts;
          expect(again?.id).toBe(first?.id);
          expect(members()[1]).toEqual(members()[0]);
          expect(more.map(({ form, items }) => [form, items.length])).toEqual([
            ['digest', 1],
            ['card', 1],
          ]);
          expect(report).toEqual({ ...NOTHING, sent: 11 - (nth - 1) + 2, posts: 3 });
          expect(await world.marks()).toEqual([]);
          expect(await world.run()).toEqual(NOTHING);
        },
      );

      it('between an alert and its mark: what is left of the mark goes with the repeat', async () => {
        let mark: SendMark | undefined;
        const dying = instead(world.outbox, {
          settle: async (row, outcome, found) => {
            mark = found;
            await world.outbox.settle(row, outcome, { ...found, at: plus(T, 1) });
            throw new Error('killed');
          },
        });
        await expect(world.run({ outbox: dying })).rejects.toThrow('killed');
        expect(await world.marks()).toContainEqual(mark);

        await world.run();

        expect(members()[1]).toEqual(members()[0]);
        expect(await world.marks()).toEqual([]);
      });

      it('before the post: it is made by the next run', async () => {
        const dying = instead(world.outbox, {
          plan: async (digest) => {
            await world.outbox.plan(digest);
            throw new Error('killed');
          },
        });

        await expect(world.run({ outbox: dying })).rejects.toThrow('killed');
        const report = await world.run();

        expect(report).toEqual({ ...NOTHING, sent: 11, posts: 1 });
        expect(await world.marks()).toEqual([]);
      });

      it('after everything is settled: the plan is just removed', async () => {
        const dying = instead(world.outbox, {
          unplan: () => Promise.reject(new Error('killed')),
        });

        await expect(world.run({ outbox: dying })).rejects.toThrow('killed');
        expect(await world.marks()).toMatchObject([{ id: world.posted[0] }]);

        expect(await world.run()).toEqual(NOTHING);
        expect(world.posted).toHaveLength(1);
        expect(await world.marks()).toEqual([]);
      });

      it('one of its findings ends before the repeat: the end is told after it', async () => {
        const [ended] = others(1) as [Finding];
        await expect(world.run({ outbox: killedAt(1) })).rejects.toThrow('killed');
        await world.owe(ended, 'resolved', 'line');

        await world.run();

        expect(members()[1]).toEqual(members()[0]);
        expect(world.posted[2]).toBe(`${ended.id}-2`);
        expect(await world.states(ended)).toEqual(['sent', 'sent']);
      });

      it('one of its findings is gone before the repeat', async () => {
        const [gone] = others(1) as [Finding];
        await expect(world.run({ outbox: killedAt(1) })).rejects.toThrow('killed');
        world.findings.delete(gone.id);

        await world.run();
        const report = await world.run();

        expect(world.posted[1]).toBe(world.posted[0]);
        expect(members()[1]).toEqual(members()[0]!.slice(1));
        expect(report).toEqual({ ...NOTHING, dead: 1 });
        expect(await world.marks()).toEqual([]);
      });

      it('while it records that the post failed: the repeat settles what waits for later, too', async () => {
        world.channel.answers = [BUSY, ACCEPTED];
        await expect(world.run({ outbox: killedAt(5) })).rejects.toThrow('killed');

        const report = await world.run();

        expect(members()[1]).toEqual(members()[0]);
        expect(report).toEqual({ ...NOTHING, sent: 11, posts: 1 });
        world.clock.advance(HOUR);
        expect(await world.run()).toEqual(NOTHING);
        expect(await world.marks()).toEqual([]);
      });

      it('and then having no channel any more', async () => {
        await expect(world.run({ outbox: killedAt(5) })).rejects.toThrow('killed');

        const report = await world.run({ hasChannel: false });

        expect(report).toEqual({ ...NOTHING, notConfigured: 7 });
        expect(await world.marks()).toEqual([]);
      });
    });

    describe('another run at the same time that makes a digest, too', () => {
      /** What happens between two operations of one run: another whole run. */
      async function interrupted(operation: string, nth: number): Promise<boolean> {
        let count = 0;
        const before = async (name: string): Promise<void> => {
          count += name === operation ? 1 : 0;
          if (name === operation && count === nth) {
            await world.run();
          }
        };
        const { outbox, channel } = world;
        const slow = instead(outbox, {
          due: async (...args) => (await before('due'), outbox.due(...args)),
          plan: async (...args) => (await before('plan'), outbox.plan(...args)),
          settle: async (...args) => (await before('settle'), outbox.settle(...args)),
          unplan: async (...args) => (await before('unplan'), outbox.unplan(...args)),
        });
        const post = channel.post.bind(channel);
        let isNested = false;
        channel.post = async (each) => {
          if (!isNested) {
            isNested = true;
            await before('post');
          }
          return post(each);
        };
        await world.run({ outbox: slow });
        await world.run();
        return count >= nth;
      }

      it.each([
        ...[['due', 1] as const, ['due', 2] as const, ['plan', 1] as const, ['post', 1] as const],
        ...[['settle', 1] as const, ['settle', 5] as const, ['settle', 11] as const],
        ['unplan', 1] as const,
      ])('before its %s number %d', async (operation, nth) => {
        const ids: string[] = [];
        for (const finding of others(11)) {
          ids.push((await world.owe(finding, 'opened', 'digest')).id);
        }

        expect(await interrupted(operation, nth)).toBe(true);

        expect(new Set(world.posted).size).toBe(1);
        for (const { items } of world.channel.posts) {
          expect(items.map(({ alert }) => alert.id)).toEqual(ids);
        }
        expect(await world.marks()).toEqual([]);
      });

      it('leaves to the next run what the other did not see', async () => {
        for (const finding of others(11)) {
          await world.owe(finding, 'opened', 'digest');
        }
        const [late] = others(12).slice(11) as [Finding];
        const slow = instead(world.outbox, {
          plan: async (digest) => {
            // The other began earlier: it has not seen the last one.
            const { marks } = await world.outbox.due(world.clock.now(), 100);
            const seen = { marks: marks.filter(({ alertId }) => !alertId.startsWith(late.id)) };
            await world.run({
              outbox: instead(world.outbox, {
                due: async (...args) => {
                  const now = await world.outbox.due(...args);
                  return now.plan === undefined ? seen : now;
                },
              }),
            });
            return world.outbox.plan(digest);
          },
        });
        await world.owe(late, 'opened', 'digest');

        const report = await world.run({ outbox: slow });
        await world.run();

        expect(report).toEqual(NOTHING);
        expect(world.channel.posts.map(({ items }) => items.length)).toEqual([11, 1]);
        expect(await world.marks()).toEqual([]);
      });
    });

    it('another runner that was faster', async () => {
      const alert = await world.owe(ONE, 'opened', 'card');
      const post = world.channel.post.bind(world.channel);
      world.channel.post = async (each) => {
        const row = (await world.outbox.read(alert.id))!;
        await world.outbox.settle(
          row,
          { state: 'sent', attempts: 1 },
          { alertId: alert.id, at: T },
        );
        return post(each);
      };

      expect(await world.run()).toEqual({ ...NOTHING, posts: 1 });
      expect(await world.states()).toEqual(['sent']);
    });
  });
});
