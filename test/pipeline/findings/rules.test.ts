import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { timelineId } from '../../../shared/domain/findings/finding';
import {
  stepAdding,
  stepEnding,
  type RuleScope,
} from '../../../shared/domain/findings/suppression';
import { DAY, HOUR, plus } from '../../../shared/domain/time';
import { deliverAlerts } from '../../../shared/pipeline/delivery/deliver';
import { UnreadableRowError } from '../../../shared/pipeline/ports/unreadable-row';
import type { Post } from '../../../shared/pipeline/ports/channel';
import type { TimelineRef } from '../../../shared/pipeline/ports/signal-store';
import {
  addRule,
  listRules,
  removeRule,
  propagateSuppressions,
  RuleError,
} from '../../../shared/pipeline/findings/rules';
import { sealRecord } from '../../../shared/pipeline/audit-trail/seal';
import { VirtualClock } from '../../fakes/clock';
import { Crash, crashing } from '../../fakes/crashing';
import { deviceAdded, minutes } from '../../fakes/records';
import { configured, drain, deliver, type Runner } from '../../fakes/run';
import { END, inOrder, PLAIN } from '../../fakes/stories';
import { marked } from '../../fakes/marked';

const added = deviceAdded({ id: 'a1', user: 'ann', at: minutes(0) }, 'd1');
const OWNED = { owner: 'olga', reason: 'known', createdBy: 'olga' };

let stores: MemoryStores;
let clock: VirtualClock;
let runner: Runner;
beforeEach(() => {
  stores = memoryStores();
  clock = new VirtualClock(END);
  runner = { stores, detectors: configured() };
});

const make = (scope: RuleScope, days = 30): ReturnType<typeof addRule> =>
  addRule(
    { stores, clock },
    { kind: 'suppression', scope, expiresAt: plus(clock.now(), days * DAY), ...OWNED },
  );
const poll = (): Promise<unknown> => deliver(runner, inOrder([added], PLAIN)[0]!);
const only = (): MemoryStores['findings'] extends { list(): readonly (infer F)[] } ? F : never =>
  stores.findings.list()[0]!;
const posted = async (): Promise<readonly Post[]> => {
  const posts: Post[] = [];
  const channel = {
    post: (post: Post) => {
      posts.push(post);
      return Promise.resolve({ outcome: 'accepted' } as const);
    },
  };
  const { outbox } = stores;
  await deliverAlerts({ outbox, channels: [{ id: 'teams', channel }], clock, digestAbove: 10 });
  return posts;
};

describe('suppression rules', () => {
  it('keep what is found from alerting, until they are removed', async () => {
    const rule = await make({ detector: 'mfa-registration-unfinished', subjectId: 'ann' });
    await poll();
    expect(only()).toMatchObject({ status: 'open', suppressed: { rule: rule.id } });
    expect(await posted()).toEqual([]);

    await removeRule(
      { stores, clock },
      { id: rule.id, kind: 'suppression', by: 'eve', reason: 'over' },
    );
    await drain(runner, clock.now());
    await drain(runner, clock.now());

    expect(only().suppressed).toBeUndefined();
    expect((await posted()).map(({ form, items }) => [form, items.length])).toEqual([['card', 1]]);
    expect(stores.findings.transitions.map(({ verb, reason }) => [verb, reason])).toEqual([
      ['opened', `rule ${rule.id} of olga: known`],
      ['unsuppressed', `rule ${rule.id} was removed by eve: over`],
    ]);
    expect(await listRules({ stores }, 'suppression')).toMatchObject([
      { id: rule.id, ended: { how: 'removed', by: 'eve', reason: 'over' } },
    ]);
  });

  it('expire by themselves, and what is open is alerted once', async () => {
    await make({ subjectId: 'ann' }, 1);
    await poll();
    clock.advance(DAY);

    expect(await propagateSuppressions({ stores, clock })).toBe(1);
    expect(await propagateSuppressions({ stores, clock })).toBe(0);
    await drain(runner, clock.now());

    expect(await posted()).toHaveLength(1);
    expect(await posted()).toHaveLength(0);
    expect((await stores.rules.current(clock.now())).steps.map(({ verb }) => verb)).toEqual([
      'added',
      'expired',
    ]);
  });

  it('quiet an alert that is still on its way', async () => {
    await poll();
    expect(stores.outbox.alerts).toHaveLength(1);

    await make({ facts: only().facts });
    await drain(runner, clock.now());

    expect(await posted()).toEqual([]);
    expect(only().suppressed).toBeDefined();
  });

  it('leave alone what they do not speak of', async () => {
    await poll();
    await make({ subjectId: 'ben' });

    expect(await marked(stores)).toEqual([]);
    expect(await posted()).toHaveLength(1);
  });

  it('look through what is not resolved alone', async () => {
    await poll();
    const all = jest.spyOn(stores.findings, 'all');
    await make({ subjectId: 'ann' });
    await drain(runner, clock.now());
    expect(only().suppressed).toBeDefined();

    clock.advance(31 * DAY);
    expect(await propagateSuppressions({ stores, clock })).toBe(1);

    expect(all).not.toHaveBeenCalled();
  });

  it('go on when the step of another rule cannot be read: only a purge stops, which might miss a hold', async () => {
    await make({ detector: 'eas-success-despite-ca-failure', subjectId: 'ben' });
    const contents = stores.tables.contents('Findings');
    const [row] = [...contents.rows.values()].filter(({ rowKey }) => rowKey.startsWith('s|'));
    contents.put({ ...row!, json: '{' });
    await poll();

    const rule = await make({ detector: 'mfa-registration-unfinished', subjectId: 'ann' });

    await drain(runner);
    expect(only()).toMatchObject({ suppressed: { rule: rule.id } });
    expect((await listRules({ stores }, 'suppression')).map(({ id }) => id)).toEqual([rule.id]);
    expect((await sealRecord({ stores, copies: undefined, clock })).periods).not.toEqual([]);
    expect(await stores.damaged.list()).toMatchObject([{ kind: 'suppression' }]);
    await expect(stores.rules.everyStep({ mustBeWhole: true })).rejects.toThrow(UnreadableRowError);
  });

  it('do not forget whom an ended rule kept quiet while its making cannot be read', async () => {
    const rule = await make({ detector: 'mfa-registration-unfinished', subjectId: 'ann' });
    await poll();
    await stores.rules.add(
      stepEnding(stepAdding(rule), { how: 'removed', at: clock.now(), by: 'eve', reason: 'over' }),
    );
    const contents = stores.tables.contents('Findings');
    const [making] = [...contents.rows.values()].filter(({ rowKey }) => rowKey.startsWith('s|'));
    contents.put({ ...making!, json: '{' });

    expect(await propagateSuppressions({ stores, clock })).toBe(0);
    contents.put(making!);
    expect(await propagateSuppressions({ stores, clock })).toBe(1);
    await expect(
      removeRule({ stores, clock }, { id: 'aaaaaaaaaaaa', kind: 'hold', by: 'eve', reason: 'x' }),
    ).rejects.toThrow(RuleError);
  });

  it('are learnt by whoever is being judged meanwhile', async () => {
    const detector = 'mfa-registration-unfinished';
    const judged = (id: string): TimelineRef => ({
      ...{ id: timelineId('t', detector, id), detector, subject: { type: 'user', id } },
    });
    await stores.marks.mark([judged('ann'), judged('ben')], { cause: 'signals' });
    const before = await stores.marks.list();

    await make({ detector, subjectId: 'ann' });
    await stores.marks.remove(before); // as the drain does that read the rules before

    expect(await marked(stores)).toEqual([judged('ann')]);
  });

  it('lose nothing to a kill at any operation', async () => {
    const story = async (kill: number | undefined, side: 'before' | 'after'): Promise<number> => {
      stores = memoryStores();
      clock = new VirtualClock(END);
      runner = { stores, detectors: configured() };
      await poll();
      await posted();
      const { around, arm } = crashing(stores);
      arm(kill === undefined ? undefined : { operation: kill, side });
      const desk = { stores: around, clock };
      const survive = async (work: () => Promise<unknown>): Promise<void> => {
        for (;;) {
          try {
            await work();
            return;
          } catch (error) {
            if (!(error instanceof Crash)) {
              throw error;
            }
            arm(undefined);
            stores.expireLeases();
          }
        }
      };
      const rule = { kind: 'suppression', scope: { subjectId: 'ann' }, ...OWNED } as const;
      const draft = { ...rule, expiresAt: plus(END, DAY) };
      // A person whose command is killed calls it again; when it was made after all they are told so.
      await survive(async () => {
        await addRule(desk, draft).catch((error: unknown) => {
          if (!(error instanceof RuleError)) {
            throw error;
          }
        });
      });
      const quiet = { ...runner, stores: around };
      await survive(() => propagateSuppressions(desk));
      await survive(() => drain(quiet, clock.now()));
      expect(only().suppressed).toBeDefined();
      clock.advance(DAY + HOUR);
      await survive(() => propagateSuppressions(desk));
      await survive(() => drain(quiet, clock.now()));
      expect(only().suppressed).toBeUndefined();
      expect(await posted()).toHaveLength(1);
      expect(stores.findings.transitions.map(({ verb }) => verb)).toEqual([
        'opened',
        'suppressed',
        'unsuppressed',
      ]);
      return stores.findings.transitions.length;
    };
    for (let kill = 0; kill < 60; kill++) {
      await story(kill, kill % 2 === 0 ? 'before' : 'after');
    }
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['speaks of everything', () => make({}), /would switch alerting off/],
    ['is over before it begins', () => make({ subjectId: 'x' }, -1), /over before it begins/],
    [
      'has no owner',
      () =>
        addRule(
          { stores, clock },
          {
            kind: 'suppression',
            scope: { subjectId: 'x' },
            expiresAt: plus(END, DAY),
            ...OWNED,
            owner: ' ',
          },
        ),
      /an owner is needed/,
    ],
    [
      'has too long a reason',
      () =>
        addRule(
          { stores, clock },
          { kind: 'hold', scope: { subjectId: 'x' }, ...OWNED, reason: 'x'.repeat(501) },
        ),
      /a reason may have at most 500 characters, not 501/,
    ],
    [
      'is a hold of nothing',
      () => addRule({ stores, clock }, { kind: 'hold', scope: {}, ...OWNED }),
      /a hold needs the id of a finding or of a subject/,
    ],
    [
      'ends what is not there',
      () => removeRule({ stores, clock }, { id: 'x', kind: 'hold', by: 'o', reason: 'y' }),
      /there is no hold x; list them with: crosscheck hold list/,
    ],
    [
      'ends without a reason',
      () => removeRule({ stores, clock }, { id: 'x', kind: 'hold', by: 'o', reason: '' }),
      /a reason is needed/,
    ],
  ])('are refused when one %s', async (_what, work, message) => {
    await expect(work()).rejects.toThrow(message);
    await expect(work()).rejects.toThrow(RuleError);
  });

  it('end once, and only as what they are', async () => {
    const rule = await make({ subjectId: 'ann' });
    const end = (kind: 'suppression' | 'hold'): Promise<unknown> =>
      removeRule({ stores, clock }, { id: rule.id, kind, by: 'o', reason: 'y' });

    await expect(end('hold')).rejects.toThrow(/there is no hold/);
    await end('suppression');
    await expect(end('suppression')).rejects.toThrow(/was removed at/);
  });
});
