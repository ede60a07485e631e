import { MemoryTables } from '../../shared/adapters/memory/memory-table';
import type { StoredRow } from '../../shared/adapters/tables/guards';
import { storesOver } from '../../shared/adapters/tables/stores';
import { DAY, plus, startOfMonth } from '../../shared/domain/time';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { repairRows } from '../../shared/pipeline/audit-trail/repair-rows';
import { purgeExpired } from '../../shared/pipeline/audit-trail/retention';
import { collect, signal, timeline } from '../contracts/samples';
import { defined } from '../fakes/answers';
import { VirtualClock } from '../fakes/clock';
import { FIRST_DAY, RETENTION } from '../fakes/record';

const MARY = timeline('Mary');
const DETECTOR = defined({ id: MARY.detector });

interface World {
  readonly stores: Stores;
  readonly clock: VirtualClock;
  readonly tables: MemoryTables;
}

/** Somebody of whom one signal is damaged. @param month what stands beside it; as it was when absent. */
async function world(month?: string): Promise<World> {
  const tables = new MemoryTables();
  const clock = new VirtualClock(FIRST_DAY);
  const options = { tenantId: 'memory', createMissingTables: true, clock };
  const stores = storesOver(tables, options);
  const signals = [signal('a', FIRST_DAY), signal('b', FIRST_DAY)];
  await stores.signals.merge([{ timeline: MARY, signals }], { join: {} });
  const contents = tables.contents('Timelines');
  const [key, row] = [...contents.rows].find(([, { rowKey }]) => rowKey.includes('|s|'))!;
  contents.rows.set(key, { ...row, json: '{', ...(month !== undefined && { month }) });
  return { stores, clock, tables };
}

function remedy({ stores, clock }: World): ReturnType<typeof repairRows> {
  return repairRows({ tenantId: 'tenant', stores, detectors: [DETECTOR], clock });
}

function copies({ tables }: World): StoredRow[] {
  return [...tables.contents('Quarantine').rows.values()].filter(({ rowKey }) =>
    rowKey.startsWith('k|'),
  );
}

describe('the copy of a damaged row', () => {
  it('is dated, and goes when the retention is over', async () => {
    const here = await world();
    const { stores, clock } = here;
    await remedy(here);
    expect(copies(here)).toMatchObject([{ copiedAt: FIRST_DAY }]);
    const purge = (): Promise<unknown> =>
      purgeExpired({ stores, detectors: [], retention: RETENTION, clock });

    clock.advance(RETENTION);
    await purge();
    expect(copies(here)).toHaveLength(1);

    clock.advance(DAY);
    await purge();
    expect(copies(here)).toEqual([]);
  });

  it('stays while it is of the day that is asked for', async () => {
    const here = await world();
    const { stores, clock } = here;
    await remedy(here);
    expect(await stores.damaged.hasCopiesBefore(clock.now())).toBe(false);
    expect(await stores.damaged.hasCopiesBefore(plus(clock.now(), DAY))).toBe(true);
    await stores.damaged.dropCopiesBefore(clock.now());
    expect(copies(here)).toHaveLength(1);
  });
});

describe('the gap that repair leaves of a damaged signal', () => {
  it.each([
    {
      what: 'of its month',
      month: undefined,
      from: startOfMonth(FIRST_DAY),
      reason: 'a stored signal of 2026-02 could not be read: nothing is concluded over that month',
    },
    {
      what: 'of all time, when the month cannot be read either',
      month: '2026-13',
      from: '0000-01-01T00:00:00.0000000Z',
      reason:
        'a stored signal could not be read, and not of which month it was either: nothing is concluded over any time',
    },
  ])('says that it is $what', async ({ month, from, reason }) => {
    const here = await world(month);

    await remedy(here);

    const rows = await collect(here.stores.quarantine.rows());
    expect(rows.length).toBeGreaterThan(0);
    expect(rows).toMatchObject(rows.map(() => ({ reason, gap: { from } })));
  });
});
