import { memoryStores } from '../../fakes/memory-stores';
import { configureDetectors } from '../../../shared/config/detectors';
import { afterHidingFilter, type FeedState } from '../../../shared/domain/reading/journal';
import { DAY, HOUR, MINUTE, plus, toInstant } from '../../../shared/domain/time';
import { backfillSource } from '../../../shared/pipeline/backfill';
import { keep } from '../../../shared/pipeline/findings/keep';
import type { RecordSource, SourcePage } from '../../../shared/pipeline/ports/record-source';
import { readSource, type Reader } from '../../../shared/pipeline/reading/read-source';
import { feedsFor, filterKey, select } from '../../../shared/pipeline/findings/select';
import { VirtualClock } from '../../fakes/clock';
import { easAccepted } from '../../fakes/records';
import { ONE_FEED_EACH, inFeed, readCoverage, readFeed } from '../../fakes/cover';

const NOW = toInstant('2026-06-02T12:00:00Z');
const EAS = 'eas-success-despite-ca-failure';
const EMPTY: SourcePage = { rows: 0, records: [], malformed: [], seen: [] };

/** A reader whose n-th window lets something happen while it is read. */
function setUp(overrides: Partial<Reader> = {}) {
  const clock = new VirtualClock(NOW);
  const stores = memoryStores();
  const detectors = configureDetectors({}, ONE_FEED_EACH);
  const meanwhile: { happens?: () => Promise<unknown> } = {};
  const filters: (string | undefined)[] = [];
  const records: RecordSource = {
    async *read(_window, wanted) {
      filters.push(wanted.filter?.property);
      const { happens } = meanwhile;
      delete meanwhile.happens;
      await happens?.();
      yield EMPTY;
    },
  };
  const reader: Reader = {
    ...{ source: 'signIns', tenantId: 't', stores, clock, records, detectors },
    initialLookback: DAY,
    ...overrides,
  };
  const change = (step: (feed: FeedState) => FeedState): Promise<unknown> =>
    stores.coverage.change('signIns', inFeed('signIns', step));
  const coverage = async () => (await readCoverage(stores.coverage, EAS)).signIns!;
  return { clock, stores, detectors, reader, meanwhile, filters, change, coverage };
}

describe('two who read one source', () => {
  it('a window says nothing once the filter that it was read with turned out to hide rows', async () => {
    const { clock, reader, detectors, meanwhile, filters, change, coverage } = setUp();
    await readSource(reader);
    clock.advance(5 * MINUTE);
    const feeds = feedsFor(
      detectors.map((each) => each.detector),
      'signIns',
    );
    const filter = filterKey(feeds[0]!);
    meanwhile.happens = () =>
      change((head) => afterHidingFilter(head, { filter, why: 'hides-rows', at: clock.now() }));

    await readSource(reader);
    const doubted = (await coverage()).gaps;
    clock.advance(5 * MINUTE);
    await readSource(reader);

    expect(filters.slice(1)).toEqual(['clientAppUsed', undefined, undefined]);
    expect(doubted).toMatchObject([{ why: 'filter' }]);
    expect((await coverage()).gaps).toEqual([]);
  });

  it('a window covers nothing for a detector that reads something else by now', async () => {
    const { clock, reader, meanwhile, change, stores } = setUp();
    await readSource(reader);
    clock.advance(5 * MINUTE);
    meanwhile.happens = () =>
      change(({ byDetector: _old, ...head }) => ({
        ...head,
        byDetector: {},
        reads: { [EAS]: 'newer' },
      }));

    await readSource(reader);

    expect((await readCoverage(stores.coverage, EAS)).signIns).toBeUndefined();
  });
});

describe('what was never there to be read', () => {
  it('is not covered, however far back the first read would go', async () => {
    const { reader, coverage } = setUp({ initialLookback: 60 * DAY, retention: 30 * DAY });

    await readSource(reader);

    expect((await coverage()).from).toBe(plus(NOW, HOUR - 30 * DAY));
  });
});

describe('a range that is filled', () => {
  it('marks each timeline once, however many windows it takes', async () => {
    const { stores, reader, detectors } = setUp();
    await readSource(reader);
    const known = Array.from({ length: 50 }, (_, i) =>
      easAccepted({ id: `row-${i}`, user: `user-${i}`, at: plus(NOW, -3 * HOUR) }),
    );
    await keep(
      stores,
      select(
        't',
        detectors.map((each) => each.detector),
        known,
      ),
    );
    let marked = 0;
    const mark = stores.marks.mark.bind(stores.marks);
    jest.spyOn(stores.marks, 'mark').mockImplementation((timelines, why) => {
      marked += timelines.length;
      return mark(timelines, why);
    });

    const range = { from: plus(NOW, -3 * DAY), to: plus(NOW, -2 * DAY) };
    await backfillSource({ ...reader, budget: HOUR }, range);

    expect(marked).toBe(50);
  });

  it('is marked by the next run when the process is killed before', async () => {
    const { stores, reader, detectors, change } = setUp();
    await readSource(reader);
    await keep(
      stores,
      select(
        't',
        detectors.map((each) => each.detector),
        [easAccepted({ id: 'row', user: 'ann', at: plus(NOW, -3 * HOUR) })],
      ),
    );
    await stores.marks.remove(await stores.marks.list());
    await change((head) => ({ ...head, filling: { [EAS]: 'a window' } }));

    await readSource(reader);

    expect(await stores.marks.list()).toMatchObject([{ catchingUp: 'past' }]);
    expect((await readFeed(stores.coverage, 'signIns'))?.filling).toBeUndefined();
  });
});
