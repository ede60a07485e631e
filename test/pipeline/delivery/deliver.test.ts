import { functionTimeout } from '../../../host.json';
import type { Around } from '../../../shared/adapters/memory/memory-table';
import { CLAIM, type DeliveryState } from '../../../shared/domain/findings/delivery';
import type { Finding } from '../../../shared/domain/findings/finding';
import type { Alert, AlertVerb, Transition } from '../../../shared/domain/findings/transition';
import { between, DAY, HOUR, MINUTE, plus, SECOND, toInstant } from '../../../shared/domain/time';
import { noCounts, type ChannelReport } from '../../../shared/pipeline/delivery/channel-alerts';
import { finding, opening } from '../../contracts/samples';
import {
  ACCEPTED,
  BUSY,
  DeliveryWorld,
  Killed,
  killedAt,
  NO,
  ONE,
  others,
} from '../../fakes/delivery-world';
import { memoryStores } from '../../fakes/memory-stores';
import { markOf } from '../../fakes/put-alert';

const T = toInstant('2026-11-27T12:00:00Z');

/** The report of a run over one channel. */
function report(counts: Partial<ChannelReport> = {}): object {
  return { ...noCounts(), ...counts, channels: { teams: { ...noCounts(), ...counts } } };
}

let world: DeliveryWorld;
beforeEach(() => {
  world = new DeliveryWorld(T);
});

describe('pipeline/deliver', () => {
  describe('says', () => {
    it('an opening, with its finding, under the id of the alert', async () => {
      const alert = await world.owe(ONE, 'opened', 'card');

      const done = await world.run();

      expect(done).toEqual(report({ sent: 1, posts: 1 }));
      expect(world.channel.posts).toMatchObject([
        { id: alert.id, form: 'card', items: [{ alert, finding: { id: ONE.id } }] },
      ]);
      expect(await world.states()).toEqual(['sent']);
      expect(await world.marks()).toEqual([]);
    });

    it('nothing twice', async () => {
      await world.owe(ONE, 'opened', 'card');
      await world.run();

      expect(await world.run()).toEqual(report());
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
    type MessageContext = readonly [AlertVerb, Alert['form'], DeliveryState?];
    interface Story {
      readonly when: string;
      readonly told: readonly MessageContext[];
      readonly finding?: Partial<Finding>;
      /** The number of the transition that is posted. */
      readonly posts: number | undefined;
      readonly states: readonly (DeliveryState | undefined)[];
    }
    const opened: MessageContext = ['opened', 'card'];
    const resolved: MessageContext = ['resolved', 'line'];
    const reopened: MessageContext = ['reopened', 'card'];
    const sent = ([verb, form]: MessageContext): MessageContext => [verb, form, 'sent'];
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
      await world.change(ONE, finding ?? {});

      const done = await world.run();

      const before = told.filter(
        ([, , state]) => state !== undefined && state !== 'waiting',
      ).length;
      expect(world.posted).toEqual(posts === undefined ? [] : [`${ONE.id}-${posts}`]);
      expect(await world.states()).toEqual(states);
      expect(done.sent + done.collapsed).toBe(told.length - before);
      expect(await world.marks()).toEqual([]);
    });

    it('across transitions that nobody is told of', async () => {
      await world.owe(ONE, 'opened', 'card', 'sent');
      await world.change(ONE, { sequence: 7, status: 'acknowledged' });
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
      await world.change(ONE, { status: 'resolved' });

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
      const findings = others(20);
      for (const finding of findings) {
        await world.owe(finding, 'opened', 'line');
      }
      const post = world.channel.post.bind(world.channel);
      world.channel.post = async (each) => {
        await world.change(findings[19]!, { status: 'resolved' });
        return post(each);
      };

      expect(await world.run()).toEqual(report({ sent: 19, collapsed: 1, posts: 19 }));
    });
  });

  describe('marks', () => {
    it.each([
      ['just now', 0, 1],
      ['not quite an hour ago', HOUR - 1, 1],
      ['an hour ago', HOUR, 0],
    ])('of an alert that was never committed, written %s', async (_, age, left) => {
      // The mark goes first, so the transaction is the second operation.
      const dying = memoryStores(world.tables.through(killedAt(2)));
      const change = opening(finding(ONE.id.slice(0, 16)), T);
      await expect(dying.findings.commit(change, undefined)).rejects.toThrow(Killed);
      world.clock.advance(age);

      expect(await world.run()).toEqual(report());
      expect(await world.marks()).toHaveLength(left);
    });

    it('of a settled alert are dropped, and what health counts of it is restored', async () => {
      const alerts = [
        await world.owe(ONE, 'opened', 'card'),
        await world.owe(ONE, 'reopened', 'card'),
        await world.owe(ONE, 'escalated', 'card'),
      ];
      const states = ['sent', 'dead', 'not-configured'] as const;
      for (const [i, { id }] of alerts.entries()) {
        const [row] = await world.outbox.read(id);
        await world.outbox.settle(row!, { state: states[i]!, refusals: [] });
      }

      expect(await world.run()).toEqual(report());
      expect(await world.marks()).toEqual([]);
      expect(await world.outbox.undelivered('dead', 9)).toMatchObject([{ alertId: alerts[1]!.id }]);
      expect(await world.outbox.undelivered('not-configured', 9)).toHaveLength(1);
    });

    it('that are two for one alert make one post', async () => {
      const alert = await world.owe(ONE, 'opened', 'card');
      const mark = markOf((await world.outbox.read(alert.id))[0]!);
      const other = { ...mark, at: plus(T, 1) };
      await world.outbox.release([{ mark: other, next: other.at }]);
      world.clock.advance(1);
      expect(await world.marks()).toHaveLength(2);

      expect(await world.run()).toEqual(report({ sent: 1, posts: 1 }));
      expect(await world.marks()).toEqual([]);
    });

    it('whose finding is gone end dead', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.forget(ONE);

      expect(await world.run()).toEqual(report({ dead: 1 }));
      expect(await world.row()).toMatchObject({
        state: 'dead',
        refusals: [{ at: T, outcome: 'refused', reason: 'its finding is gone' }],
      });
    });

    it('that say nothing any more are told by their keys', async () => {
      for (const each of others(3)) {
        await world.owe(each, 'opened', 'card');
      }
      await world.owe(ONE, 'opened', 'digest');
      world.spoil('Work', 'send|');

      expect(await world.run()).toEqual(report({ sent: 4, posts: 4 }));
      expect(await world.marks()).toEqual([]);
    });
  });

  describe('a row that cannot be read', () => {
    it('counts as undelivered, and the others go on', async () => {
      const [spoilt, other] = others(2) as [Finding, Finding];
      const alert = await world.owe(spoilt, 'opened', 'card');
      world.spoil('Findings', 'o|');
      await world.owe(other, 'opened', 'card');

      expect(await world.run()).toMatchObject({
        ...{ sent: 1, dead: 1, posts: 1 },
        lastError: expect.stringContaining('cannot be read') as string,
      });
      expect(await world.outbox.undelivered('dead', 9)).toEqual([
        { alertId: alert.id, channel: 'teams' },
      ]);
      expect(await world.run()).toEqual(report());
    });

    it('of its finding: the alert waits as if it had been put off', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.spoil('Findings', 'f|');

      expect(await world.run()).toMatchObject({ waiting: 1, posts: 0 });
      expect(await world.row()).toMatchObject({
        ...{ state: 'waiting', nextAttemptAt: plus(T, MINUTE) },
        refusals: [
          { outcome: 'later', reason: expect.stringContaining('cannot be read') as string },
        ],
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

        const done = await world.run();

        expect(done).toEqual(report({ sent: count, posts }));
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

      const done = await world.run();

      expect(done).toEqual(report({ sent: 4, posts: 3 }));
      expect(world.channel.posts.map(({ form, items }) => `${form} ${items.length}`)).toEqual([
        'digest 2',
        'card 1',
        'line 1',
      ]);
    });

    it('that tells of each alert once, although two runs have judged at once and both marked it', async () => {
      const both = others(2);
      for (const finding of both) {
        const alert = await world.owe(finding, 'opened', 'digest');
        world.clock.advance(MINUTE);
        const transition = { findingId: finding.id, sequence: 1, at: world.clock.now() };
        const change = { finding, transition: transition as Transition, alert };
        // The mark comes before the commit, which is refused: the mark stays.
        expect(await world.stores.findings.commit(change, undefined)).toBe(false);
      }
      expect(await world.marks()).toHaveLength(4);

      const done = await world.run();

      expect(done).toEqual(report({ sent: 2, posts: 1 }));
      expect(world.channel.members).toEqual([both.map(({ id }) => `${id}-1`)]);
      expect(await world.marks()).toEqual([]);
    });

    it('with an id that depends on its alerts alone', async () => {
      await openAll(20, 'card');
      world.channel.answers = [BUSY, ACCEPTED];

      await world.run();
      world.clock.advance(MINUTE);
      const done = await world.run();

      expect(done).toEqual(report({ sent: 20, posts: 1 }));
      const [first, again] = world.posted;
      expect(first).toMatch(/^digest-[0-9a-f]{24}$/);
      expect(again).toBe(first);
      await openAll(21, 'digest');
      await world.run();
      expect(world.posted[2]).not.toBe(first);
    });
  });

  describe('posts what may have arrived as it was', () => {
    const LOST = new Error('no answer');

    it('a card: beside a flood, and although its finding has ended, which is told after it', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [LOST, ACCEPTED];
      await world.run();
      await world.owe(ONE, 'resolved', 'line');
      for (const finding of others(11)) {
        await world.owe(finding, 'opened', 'card');
      }

      expect(await world.run()).toMatchObject({ sent: 11, posts: 1 });
      world.clock.advance(MINUTE);
      expect(await world.run()).toEqual(report({ sent: 2, posts: 2 }));

      expect(world.posted.map((id) => id.replace(/^digest-.*/, 'digest'))).toEqual([
        ...[`${ONE.id}-1`, 'digest', `${ONE.id}-1`, `${ONE.id}-2`],
      ]);
      expect(await world.marks()).toEqual([]);
    });

    it('a digest: the same one with the same alerts, whatever opened or ended meanwhile', async () => {
      const [a, b, c] = others(3) as [Finding, Finding, Finding];
      await world.owe(a, 'opened', 'digest');
      world.clock.advance(MINUTE);
      await world.owe(b, 'opened', 'digest');
      world.channel.answers = [LOST, ACCEPTED];

      expect(await world.run()).toMatchObject({ waiting: 2, posts: 1 });
      await world.owe(a, 'resolved', 'line');
      await world.owe(c, 'opened', 'digest');
      expect(await world.run()).toEqual(report({ sent: 1, waiting: 2, claimed: 1, posts: 1 }));
      world.clock.advance(MINUTE);
      expect(await world.run()).toEqual(report({ sent: 3, posts: 2 }));

      const [first, other, again] = world.channel.members;
      expect([first, other]).toEqual([[`${a.id}-1`, `${b.id}-1`], [`${c.id}-1`]]);
      expect([again, world.posted[2]]).toEqual([first, world.posted[0]]);
      expect(world.posted[3]).toBe(`${a.id}-2`);
      expect(await world.marks()).toEqual([]);
    });

    it('a digest, as long as its youngest alert lives', async () => {
      const [a, b] = others(2) as [Finding, Finding];
      await world.owe(a, 'opened', 'digest');
      world.clock.advance(HOUR);
      await world.owe(b, 'opened', 'digest');
      world.channel.answers = [LOST];

      for (let i = 0; i < 40; i++) {
        await world.run();
        world.clock.advance(HOUR);
      }

      expect(world.channel.posts.at(-1)!.at).toBe(plus(T, DAY + HOUR));
      expect(new Set(world.channel.members.map((each) => each.join())).size).toBe(1);
      expect(new Set(world.posted).size).toBe(1);
      expect([await world.states(a), await world.states(b)]).toEqual([['dead'], ['dead']]);
      expect(await world.marks()).toEqual([]);
    });

    it('an alert whose mark was written anew, under the digest that told of it', async () => {
      const [a, b] = others(2) as [Finding, Finding];
      await world.owe(a, 'opened', 'digest');
      await world.owe(b, 'opened', 'digest');
      world.channel.answers = [LOST, ACCEPTED];
      await world.run();
      const rows = [await world.row(a), await world.row(b)];
      await world.outbox.release(
        (await world.marks()).map((mark, i) => ({ mark, next: rows[i]!.createdAt })),
      );
      world.clock.advance(MINUTE);

      expect(await world.run()).toEqual(report({ waiting: 2 }));
      expect(await world.run()).toEqual(report({ sent: 2, posts: 1 }));

      expect(world.posted[1]).toBe(world.posted[0]);
      expect(world.channel.members[1]).toEqual(world.channel.members[0]);
      expect(await world.marks()).toEqual([]);
    });

    it('until it is given up: what a person resends is new', async () => {
      const [a, b] = others(2) as [Finding, Finding];
      await world.owe(a, 'opened', 'digest');
      world.channel.answers = [LOST, NO, NO, NO, ACCEPTED];
      for (let i = 0; i < 4; i++) {
        await world.run();
        world.clock.advance(HOUR);
      }
      expect(await world.states(a)).toEqual(['dead']);
      expect(new Set(world.posted).size).toBe(1);

      await world.outbox.requeue(await world.row(a), world.clock.now());
      await world.owe(b, 'opened', 'digest');
      expect(await world.run()).toEqual(report({ sent: 2, posts: 1 }));

      expect(world.channel.members.at(-1)).toEqual([`${a.id}-1`, `${b.id}-1`]);
      expect(await world.row(a)).not.toHaveProperty('mayHaveArrived');
    });
  });

  describe('without a channel', () => {
    it('settles what is owed as not configured', async () => {
      await world.owe(ONE, 'opened', 'card');
      const [ended] = others(1) as [Finding];
      await world.owe(ended, 'opened', 'card');
      await world.owe(ended, 'resolved', 'line');

      const done = await world.run({ hasChannel: false });

      expect(done).toEqual(report({ notConfigured: 1, collapsed: 2 }));
      expect(await world.row()).toMatchObject({
        ...{ state: 'not-configured', attempts: 0 },
        refusals: [{ reason: 'the channel teams is not configured' }],
      });
      expect(await world.outbox.undelivered('not-configured', 9)).toHaveLength(1);
      expect(await world.run()).toEqual(report());
    });

    it('leaves what another run has claimed, and settles it when that claim is over', async () => {
      await world.owe(ONE, 'opened', 'card');
      await expect(world.run({ around: killedAt(3, 'after') })).rejects.toThrow(Killed);
      expect(await world.states()).toEqual(['sending']);

      expect(await world.run({ hasChannel: false })).toEqual(report({ claimed: 1 }));
      world.clock.advance(CLAIM);
      expect(await world.run({ hasChannel: false })).toEqual(report({ notConfigured: 1 }));
    });
  });

  describe('tries again', () => {
    /** Runs whenever something is due; the minutes after the first attempt at which posts were made. */
    async function attempts(runs: number): Promise<number[]> {
      for (let i = 0; i < runs; i++) {
        await world.run();
        const [mark] = await world.marks();
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
      const row = await world.row();
      expect(row).toMatchObject({ state: 'dead', attempts: times.length });
      expect(row.refusals.at(-1)).toEqual({
        ...{ at: plus(T, DAY), outcome: 'later', reason: 'busy' },
      });
      expect(row.refusals).toHaveLength(5);
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

      const done = await world.run();

      expect(done).toEqual(report({ dead: 1, posts: 1, lastError: 'busy' }));
    });

    it('a refused card twice, and keeps it', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [{ ...NO, code: '400' }];

      expect(await attempts(5)).toEqual([0, 1, 3]);
      expect(await world.row()).toMatchObject({ state: 'dead', attempts: 3 });
      expect((await world.row()).refusals).toEqual(
        [0, 1, 3].map((after) => ({
          at: plus(T, after * MINUTE),
          ...{ outcome: 'refused', code: '400', reason: 'too odd' },
        })),
      );
      expect(await world.outbox.undelivered('dead', 9)).toHaveLength(1);
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

      expect(await world.run()).toEqual(
        report({ waiting: 1, posts: 1, lastError: 'the channel failed (RangeError)' }),
      );
    });

    it('a resent alert as if it were new', async () => {
      await world.owe(ONE, 'opened', 'card');
      world.channel.answers = [NO];
      await attempts(3);
      expect(await world.states()).toEqual(['dead']);

      await world.outbox.requeue(await world.row(), world.clock.now());
      expect(await world.outbox.undelivered('dead', 9)).toEqual([]);
      expect(await world.run()).toMatchObject({ waiting: 1, dead: 0 });
      world.channel.answers = [ACCEPTED];
      await attempts(1);

      world.clock.advance(HOUR);
      await world.run();
      expect(await world.row()).toMatchObject({ state: 'sent', attempts: 2 });
    });
  });

  it('ends well inside the time of its function when storage is slow, and the next run goes on', async () => {
    const [hours, minutes] = functionTimeout.split(':').map(Number) as [number, number];
    for (const finding of others(200)) {
      await world.owe(finding, 'opened', 'line');
    }
    const slow: Around = (run) => {
      world.clock.advance(2 * SECOND);
      return run();
    };

    const done = await world.run({ around: slow });

    expect(between(T, world.clock.now())).toBeLessThan((hours * HOUR + minutes * MINUTE) / 2);
    expect(done.sent).toBeGreaterThan(20);
    expect(done.sent + done.waiting).toBe(200);
    expect((await world.run({ around: slow })).sent).toBeGreaterThan(20);
    expect(new Set(world.posted).size).toBe(world.posted.length);
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
      expect(await world.run({ maxPosts: 5 })).toMatchObject({ sent: 5, waiting: 3, posts: 5 });
      expect(await world.run({ maxPosts: 5 })).toMatchObject({ sent: 3, waiting: 0, posts: 3 });
    });

    it('after so long', async () => {
      expect(await world.run({ budget: 3 * SECOND })).toMatchObject({ sent: 4, waiting: 4 });
    });
  });
});
