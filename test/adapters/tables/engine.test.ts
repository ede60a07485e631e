import fc from 'fast-check';
import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { tableStores } from '../../../shared/adapters/tables/table-stores';
import { DETECTORS } from '../../../shared/detectors/index';
import type { Json } from '../../../shared/domain/json';
import type { SourcePage, Wanted } from '../../../shared/pipeline/ports/record-source';
import type { Stores } from '../../../shared/pipeline/ports/stores';
import { KnownSignals } from '../../../shared/pipeline/reading/known-signals';
import { deliverAlerts } from '../../../shared/pipeline/delivery/deliver';
import { pollSource } from '../../../shared/pipeline/poll';
import { feedsFor } from '../../../shared/pipeline/findings/select';
import { watchSources } from '../../../shared/pipeline/reading/watch-sources';
import type { Interval } from '../../../shared/domain/reading/coverage';
import { DAY, HOUR, MINUTE, plus } from '../../../shared/domain/time';
import { collect } from '../../contracts/samples';
import { startAzurite, type Azurite } from '../../fakes/azurite';
import { VirtualClock } from '../../fakes/clock';
import { ONE_FEED_EACH } from '../../fakes/cover';
import { Crash } from '../../fakes/crashing';
import { linesAgree } from '../../fakes/lines';
import { configured, deliver, TENANT, view, type Batch } from '../../fakes/run';
import { audit, signIn } from '../../fakes/records';
import { batchesOf, END, scheduleOf, story, wholeRead } from '../../fakes/stories';
import { LOGS } from '../../../shared/sources';

jest.setTimeout(300_000);

const told = fc.record({ records: story, schedule: scheduleOf(wholeRead) });
const stories = fc
  .sample(told, { seed: 7, numRuns: 8 })
  .map(({ records, schedule }, i) => ({ i, batches: batchesOf(records, schedule) }));

let azurite: Azurite;
let tenants = 0;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

/** The engine's tenant is always the same; the stores keep each test apart by their own. */
function storesOf(
  tenant: number,
  onOperation?: (operation: string, table: string) => void,
): Stores {
  return tableStores({
    connection: azurite.connection,
    tenantId: `tenant-${tenant}`,
    createMissingTables: true,
    ...(onOperation !== undefined && { onOperation }),
  });
}

/** What happened in the end, however it came about. */
async function outcomeOf(stores: Stores): Promise<Json> {
  const all = await collect(stores.findings.all());
  return view({ findings: { list: () => all } } as unknown as MemoryStores);
}

async function run(stores: Stores, batches: readonly Batch[]): Promise<void> {
  for (const batch of batches) {
    await deliver({ stores, detectors: configured() }, batch);
  }
}

describe('the engine over tables', () => {
  it.each(stories)('comes to the same as over memory: story $i', async ({ batches }) => {
    tenants += 1;
    const [memory, tables] = [memoryStores(), storesOf(tenants)];

    await run(memory, batches);
    await run(tables, batches);

    expect(await outcomeOf(tables)).toEqual(view(memory));
  });

  it('survives a kill at any request', async () => {
    const memories = await Promise.all(
      stories.map(async ({ batches }) => {
        const memory = memoryStores();
        await run(memory, batches);
        return { batches, memory, alerts: memory.outbox.alerts.length };
      }),
    );
    const { batches, memory } = memories.toSorted((a, b) => b.alerts - a.alerts)[0]!;
    tenants += 1;
    let requests = 0;
    await run(
      storesOf(tenants, () => (requests += 1)),
      batches,
    );
    const kills = 40;

    for (let i = 0; i < kills; i++) {
      tenants += 1;
      let left = Math.floor((i * requests) / kills);
      const dying = storesOf(tenants, () => {
        if (left === 0) {
          left -= 1;
          throw new Crash('killed');
        }
        left -= 1;
      });
      let stores = dying;
      for (const batch of batches) {
        try {
          await deliver({ stores, detectors: configured() }, batch);
        } catch (error) {
          if (!(error instanceof Crash)) {
            throw error;
          }
          stores = storesOf(tenants); // another process begins
          await deliver({ stores, detectors: configured() }, batch);
        }
      }

      expect(await outcomeOf(stores)).toEqual(view(memory));
      await booksBalance(stores);
      await linesAgree(stores);
    }
  });

  /** What a poll that finds nothing new asks of storage: it begins, it has read each of its feeds, it looks for work. */
  const BEGIN = 'list Coverage';
  const READ = 'transaction Coverage';
  const MARKS = 'list Work';
  const DUE = 'list Work';
  const ONE = [BEGIN, READ, MARKS, DUE];
  const OTHER = [BEGIN, READ, READ, MARKS, DUE];

  it.each([
    { what: 'one feed of each source', read: ONE_FEED_EACH, expected: [...ONE, ...ONE] },
    { what: 'a third feed', read: DETECTORS, expected: [...ONE, ...OTHER] },
  ])('asks for no more than it needs in a quiet poll, $what', async ({ read, expected }) => {
    for (const [isOneProcess, records] of [
      [true, { read: nothing }],
      [false, { read: nothing }],
      [true, { read: theSame }], // the late tail is read again at every poll
    ] as const) {
      tenants += 1;
      const tenant = tenants;
      const clock = new VirtualClock(END);
      let operations: string[] = [];
      const begin = (): Stores =>
        storesOf(tenant, (operation, table) => operations.push(`${operation} ${table}`));
      const shared = begin();
      const known = new KnownSignals();
      const poll = async (): Promise<void> => {
        for (const source of LOGS) {
          const stores = isOneProcess ? shared : begin();
          const detectors = configured(read);
          const feeds = feedsFor(read, source);
          const standstill = 3 * HOUR;
          await pollSource(
            {
              ...{ source, tenantId: TENANT, detectors, clock, stores, records },
              initialLookback: 24 * HOUR,
              ...(isOneProcess && { known }),
            },
            {
              watch: (known) =>
                watchSources({ tenantId: TENANT, feeds, stores, clock, standstill, known }),
            },
          );
        }
      };
      await poll();
      clock.advance(5 * MINUTE);
      operations = [];

      await poll();

      expect(operations).toEqual(expected);
      const feeds = LOGS.flatMap((source) => feedsFor(read, source)).length;
      expect(operations.length).toBeLessThanOrEqual(8 + 3 * (feeds - 2));
      operations = [];
      const channels = [{ id: 'teams', channel: undefined }];
      await deliverAlerts({ outbox: begin().outbox, channels, clock, digestAbove: 10 });
      expect(operations).toEqual(['list Work']);
    }
  });
});

const LATE = { user: 'ann', at: plus(END, -5 * MINUTE) };
const SAME = [audit({ ...LATE, id: 'audit' }), signIn({ ...LATE, id: 'sign-in' })];

/** Rows that came before, of which nothing follows. */
async function* theSame(_window: Interval, { source }: Wanted): AsyncIterable<SourcePage> {
  const records = SAME.filter((each) => each.source === source);
  yield await Promise.resolve({ rows: 1, records, malformed: [], seen: [] });
}

async function* nothing(): AsyncIterable<SourcePage> {
  yield await Promise.resolve({ rows: 0, records: [], malformed: [], seen: [] });
}

/** Every finding has its history and its alerts, and every alert that waits has a mark. */
async function booksBalance({ findings, outbox }: Stores): Promise<void> {
  const due = await outbox.due(plus(END, DAY), 10_000);
  const marked = new Set(due.map((mark) => mark.alertId));
  for (const finding of await collect(findings.all())) {
    const history = await findings.history(finding.id);
    expect(history.map((each) => each.sequence)).toEqual(history.map((_each, i) => i + 1));
    expect([history.length, history.at(-1)?.hash]).toEqual([finding.sequence, finding.head]);
    for (const { sequence, verb } of history) {
      const id = `${finding.id}-${sequence}`;
      const isOwed =
        finding.stage === 'alert' && ['opened', 'reopened', 'escalated'].includes(verb);
      const [row] = await outbox.read(id);
      expect({ id, verb, isThere: row !== undefined || !isOwed }).toEqual({
        id,
        verb,
        isThere: true,
      });
      expect({ id, isMarked: row === undefined || marked.has(id) }).toEqual({ id, isMarked: true });
    }
  }
}
