import type { Feed } from '../../../shared/domain/reading/feed';
import { afterWindow, type FeedState } from '../../../shared/domain/reading/journal';
import type { Notice } from '../../../shared/domain/findings/notice';
import type { Source } from '../../../shared/domain/record';
import { inFeeds } from '../../../shared/domain/reading/source-state';
import { HOUR, plus, toInstant } from '../../../shared/domain/time';
import { alertPath } from '../../../shared/api/requests';
import { resendAlert } from '../../../shared/pipeline/delivery/resend';
import { watchSources } from '../../../shared/pipeline/reading/watch-sources';
import { afterTrouble, FEED, inFeed } from '../../fakes/cover';
import { around, Crash } from '../../fakes/crashing';
import { DeliveryWorld } from '../../fakes/delivery-world';
import type { EngineStores } from '../../../shared/pipeline/ports/stores';

const AUDITS: Feed = { source: 'directoryAudits', property: FEED.directoryAudits };
const SIGN_INS: Feed = { source: 'signIns', property: FEED.signIns };
const NOW = toInstant('2026-06-02T12:00:00Z');

const read = (feed: FeedState): FeedState =>
  afterWindow(feed, {
    ...{ from: plus(NOW, -3 * HOUR), to: NOW, startedAt: NOW, lag: 2 * HOUR, purpose: 'head' },
    ...{ detectorIds: ['one'], isFiltered: true, rows: 0, seen: [] },
  });
const denied = (feed: FeedState): FeedState =>
  afterTrouble(
    feed,
    { failure: 'denied', message: 'Graph answered 403', remedy: 'Grant it.' },
    NOW,
  );

function setUp(feeds: readonly Feed[] = [AUDITS, SIGN_INS]) {
  const world = new DeliveryWorld(NOW);
  const { stores, clock } = world;
  return {
    world,
    poll: (source: Source, step: (feed: FeedState) => FeedState): Promise<unknown> =>
      stores.coverage.change(source, inFeed(source, step)),
    look: (through: EngineStores = stores): Promise<boolean> =>
      watchSources({
        ...{ tenantId: 't', feeds, clock, stores: through, standstill: 3 * HOUR },
        announces: { outbox: world.outbox, watchedFor: ['an unfinished registration', 'a bypass'] },
      }),
    /** What was posted so far. */
    notices: async (): Promise<readonly Notice[]> => {
      await world.run();
      return world.channel.posts.flatMap((post) => (post.form === 'notice' ? [post.notice] : []));
    },
  };
}

describe('pipeline/first-start', () => {
  it('says once that the watch is on, what is read since when, and what is looked for', async () => {
    const { poll, look, notices } = setUp();
    await poll('directoryAudits', read);
    await poll('signIns', read);

    await look();
    await look();

    expect(await notices()).toEqual([
      {
        id: expect.stringMatching(/^notice-first-start-[0-9a-f]{12}-20260602000000$/) as string,
        form: 'notice',
        kind: 'first-start',
        title: 'The watch is on',
        lines: [
          'The audit log is read since 2026-06-02 09:00 UTC.',
          'The sign-in log is read since 2026-06-02 09:00 UTC.',
          'Crosscheck watches for: an unfinished registration; a bypass.',
          expect.stringContaining('Silence means that nothing was found') as string,
        ],
      },
    ]);
    await look();
    expect(await notices()).toHaveLength(1);
  });

  it('names a log that cannot be read, and how to fix it', async () => {
    const { poll, look, notices } = setUp();
    await poll('directoryAudits', read);
    await poll('signIns', denied);

    await look();

    expect((await notices())[0]?.lines.slice(0, 2)).toEqual([
      'The audit log is read since 2026-06-02 09:00 UTC.',
      'The sign-in log cannot be read yet: Graph answered 403. Grant it.',
    ]);
  });

  it('does not wait for a log that nobody has tried yet', async () => {
    const { poll, look, notices } = setUp();
    await poll('directoryAudits', read);

    await look();

    expect((await notices())[0]?.lines.slice(0, 2)).toEqual([
      'The audit log is read since 2026-06-02 09:00 UTC.',
      'The sign-in log is read for the first time within five minutes.',
    ]);
    await poll('signIns', read);
    await look();
    expect(await notices()).toHaveLength(1);
  });

  it('says it once when two logs are read for the first time at once', async () => {
    const { world, poll, look, notices } = setUp();
    await poll('directoryAudits', read);
    const seen = await world.stores.coverage.reading();
    await poll('signIns', read);
    const blind = around(world.stores, async (run, name) => {
      const found = await run();
      return name === 'coverage.reading' ? seen : found;
    });

    await Promise.all([look(), look(blind)]);

    expect(await notices()).toHaveLength(1);
  });

  it('says nothing while nothing is read', async () => {
    const { poll, look, notices } = setUp();
    await poll('directoryAudits', denied);
    await poll('signIns', denied);

    await look();

    expect(await notices()).toEqual([]);
  });

  it('waits for one feed of a log, not for all, and says what is missing', async () => {
    const codes: Feed = { source: 'signIns', property: 'status/errorCode' };
    const { world, poll, look, notices } = setUp([SIGN_INS, codes]);
    await poll('signIns', read);
    await world.stores.coverage.change('signIns', inFeeds([codes.property], denied));

    await look();

    expect((await notices())[0]?.lines[0]).toBe(
      'The sign-in log is read since 2026-06-02 09:00 UTC. A part of it cannot be read yet: Graph answered 403. Grant it.',
    );
  });

  it('says nothing of a log that no detector reads', async () => {
    const { poll, look, notices } = setUp([AUDITS]);
    await poll('directoryAudits', read);

    await look();

    expect((await notices())[0]?.lines).toHaveLength(3);
  });

  it('says it once, also when it was killed before it could remember that', async () => {
    const { world, poll, look, notices } = setUp();
    await poll('directoryAudits', read);
    await poll('signIns', read);
    const { stores } = world;
    const dying = around(stores, (run, name) =>
      name === 'coverage.change' ? Promise.reject(new Crash()) : run(),
    );
    await expect(look(dying)).rejects.toBeInstanceOf(Crash);
    await look();

    expect(await notices()).toHaveLength(1);
  });

  it('is posted again under the same id when the channel was busy, and listed when it was given up', async () => {
    const { world, poll, look } = setUp();
    await poll('directoryAudits', read);
    await poll('signIns', read);
    await look();
    world.channel.answers = [{ outcome: 'refused', error: 'no such channel' }];
    for (let i = 0; i < 5; i++) {
      await world.run();
      world.clock.advance(HOUR);
    }

    expect(new Set(world.posted).size).toBe(1);
    expect(world.posted).toHaveLength(3);
    const [dead] = await world.outbox.undelivered('dead', 10);
    expect(dead?.alertId).toBe(world.posted[0]);

    world.channel.answers = [{ outcome: 'accepted' }];
    expect(alertPath.safeParse({ id: dead!.alertId }).success).toBe(true);
    await resendAlert(world.outbox, dead!.alertId, world.clock.now());
    await world.run();
    expect(await world.outbox.undelivered('dead', 10)).toEqual([]);
    expect((await world.outbox.read(dead!.alertId))[0]?.state).toBe('sent');
  });
});
