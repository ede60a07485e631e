import { sizeOf, TEXT_LIMIT } from '../../../shared/adapters/tables/guards';
import { DETECTORS } from '../../../shared/detectors/index';
import type { EntraRecord } from '../../../shared/domain/record';
import {
  DAY,
  HOUR,
  MINUTE,
  plus,
  SECOND,
  toInstant,
  type Instant,
} from '../../../shared/domain/time';
import { drainMarks, type AssessReport } from '../../../shared/pipeline/findings/assess';
import { keep } from '../../../shared/pipeline/findings/keep';
import { LOG_READING } from '../../../shared/pipeline/findings/log-reading';
import type { EngineStores } from '../../../shared/pipeline/ports/stores';
import { select } from '../../../shared/pipeline/findings/select';
import { VirtualClock } from '../../fakes/clock';
import { around, Crash } from '../../fakes/crashing';
import { marked } from '../../fakes/marked';
import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { deviceAdded, deviceUsed, easAccepted, minutes } from '../../fakes/records';
import { configured, cover, TENANT } from '../../fakes/run';
import { END, PLAIN, stepsOf } from '../../fakes/stories';

const USERS = Array.from({ length: 40 }, (_, i) => `user-${i}`);
const [AUDITS] = stepsOf('directoryAudits', PLAIN.audits);
const [SIGN_INS] = stepsOf('signIns', PLAIN.signIns);

/** One timeline is the unit of failure: whatever happens at one, all the others are judged. */
describe('an error at one timeline', () => {
  let stores: MemoryStores;
  let clock: VirtualClock;
  beforeEach(async () => {
    stores = memoryStores();
    clock = new VirtualClock(END);
    await store(USERS.map((user) => deviceAdded({ id: `a-${user}`, user, at: minutes(0) }, user)));
    for (const steps of [AUDITS!, SIGN_INS!]) {
      await cover({ stores, detectors: configured() }, steps);
    }
  });
  const store = (records: readonly EntraRecord[]): Promise<unknown> =>
    keep(stores, select(TENANT, DETECTORS, records));
  const judge = (through: EngineStores = stores): Promise<AssessReport> =>
    drainMarks({ tenantId: TENANT, detectors: configured(), stores: through, clock });
  const toldOf = (detector?: string): string[] =>
    stores.findings
      .list()
      .filter((each) => (each.detector === LOG_READING.id) === (detector === LOG_READING.id))
      .map(({ subject }) => subject.id)
      .sort();

  /** Stores at which a call fails that concerns this person, alone or among others. */
  function failingAt(name: string, user: string, error: () => Error): EngineStores {
    return around(stores, async (run, called, args) => {
      if (called === name && JSON.stringify(args).includes(`"${user}"`)) {
        throw error();
      }
      return run();
    });
  }

  it.each([
    'signals.readMany',
    'signals.flagFindings',
    'signals.markClean',
    'findings.commit',
    'index.put',
    'marks.markWriting',
    'marks.markDue',
  ])('leaves the others alone: %s', async (name) => {
    const broken =
      name === 'signals.readMany'
        ? around(stores, async (run, called, args) => {
            const id = (await idOf('user-7'))!;
            if (called === name && JSON.stringify(args).includes(id)) {
              throw new TypeError('never seen the like');
            }
            return run();
          })
        : failingAt(name, 'user-7', () => new TypeError('never seen the like'));

    const report = await judge(broken);

    expect(report.faults).toMatchObject([
      { timeline: { subject: { id: 'user-7' } }, error: { message: 'never seen the like' } },
    ]);
    expect(toldOf()).toEqual(
      expect.arrayContaining(USERS.filter((user) => user !== 'user-7').sort()),
    );
    expect((await marked(stores)).map(({ subject }) => subject.id)).toContain('user-7');

    // Mended: the next run makes up for it, whatever was left behind.
    clock.advance(HOUR);
    await judge();
    expect(toldOf()).toEqual(USERS.toSorted());
    expect(await marked(stores)).toEqual([]);
  });

  it('is not taken for one when the storage is gone', async () => {
    const gone = failingAt('findings.commit', 'user-7', () => new Crash('killed'));

    await expect(judge(gone)).rejects.toThrow('killed');

    await judge();
    expect(toldOf()).toEqual(USERS.toSorted());
  });

  it('alerts somebody, once, and again when it is over', async () => {
    const broken = failingAt('findings.commit', 'user-7', () => new TypeError('no such thing'));
    for (let run = 0; run < 3; run++) {
      await judge(broken);
      clock.advance(5 * MINUTE);
    }

    const alerts = (): string[] =>
      stores.outbox.alerts
        .filter(
          ({ findingId }) =>
            stores.findings.list().find(({ id }) => id === findingId)?.detector === LOG_READING.id,
        )
        .map(({ verb, form }) => `${verb} ${form}`);
    const said = (): unknown =>
      stores.findings.list().find(({ detector }) => detector === LOG_READING.id);
    expect(alerts()).toEqual(['opened card']);
    expect(said()).toMatchObject({
      ...{ message: 'timelines-unjudged', severity: 'high', status: 'open' },
      subject: { id: 'judging' },
      summary: expect.stringContaining(
        'cannot judge the timeline of one person: no such thing.',
      ) as string,
    });

    clock.advance(HOUR);
    await judge();
    expect(said()).toMatchObject({ status: 'resolved', resolution: 'mended' });
    expect(alerts()).toEqual(['opened card', 'resolved line']);
    expect(await stores.marks.faults()).toBeUndefined();
    await store([deviceAdded({ id: 'late', user: 'late', at: minutes(1) }, 'late')]);
    await judge();
    expect(alerts()).toHaveLength(2);
  });

  async function idOf(user: string): Promise<string | undefined> {
    for await (const { id, subject } of stores.signals.timelinesOf('mfa-registration-unfinished')) {
      if (subject.id === user) {
        return id;
      }
    }
    return undefined;
  }
});

describe('the largest timeline that the caps allow', () => {
  it('makes findings that the store takes', async () => {
    const stores = memoryStores();
    const records: EntraRecord[] = [];
    for (let day = 0; day < 8; day++) {
      for (let i = 0; i < 2_100; i++) {
        const hex = (day * 10_000 + i).toString(16).padStart(4, '0');
        records.push(
          easAccepted(
            {
              id: `sign-in-${day}-${i}`,
              user: 'ann',
              at: plus(minutes(0), day * DAY + i * 40 * SECOND),
            },
            {
              address: `2001:0db8:85a3:0000:0000:8a2e:${hex.slice(0, -4) || '0370'}:${hex.slice(-4)}`,
              city: `Île-de-la-Réunion ${i}`,
              policies: Array.from({ length: i % 500 === 0 ? 40 : 1 }, (_, p) => ({
                ...{ name: `Policy ${p} ${'ü'.repeat(200)}`, result: 'failure' },
                grantControls: Array.from({ length: 20 }, (_, c) => `control ${c}`),
              })),
            },
          ),
        );
      }
    }
    await keep(stores, select(TENANT, DETECTORS, records));
    await keep(
      stores,
      select(TENANT, DETECTORS, [deviceAdded({ id: 'b', user: 'ben', at: minutes(0) }, 'b')]),
    );
    const runner = { stores, detectors: configured() };
    for (const steps of [AUDITS!, SIGN_INS!]) {
      await cover(runner, steps);
    }

    const report = await drainMarks({ tenantId: TENANT, ...runner, clock: new VirtualClock(END) });

    expect(report.faults).toEqual([]);
    const subjects = stores.findings.list().map(({ subject }) => subject.id);
    expect([...new Set(subjects)].sort()).toEqual(['ann', 'ben']);
    for (const table of ['Findings', 'FindingIndex', 'Timelines']) {
      for (const row of stores.tables.contents(table).rows.values()) {
        expect(sizeOf(row)).toBeLessThan(2 ** 20);
        for (const value of Object.values(row)) {
          expect(typeof value === 'string' ? value.length : 0).toBeLessThanOrEqual(TEXT_LIMIT);
        }
      }
    }
    const [finding] = stores.findings.list().filter(({ subject }) => subject.id === 'ann');
    expect((finding?.facts as { addresses: string[] }).addresses.at(-1)).toMatch(
      /^and [\d,]+ more$/,
    );
  });
});

describe('an audit row that comes once more with a time on the other side of the end of a month', () => {
  const END_OF_MONTH = toInstant('2026-11-30T23:59:59Z');
  const AFTER = plus(END_OF_MONTH, 2 * SECOND);

  it.each([
    ['later', END_OF_MONTH, AFTER],
    ['earlier', AFTER, END_OF_MONTH],
  ])('is joined to what it was before: %s', async (_when, first, second) => {
    const stores = memoryStores();
    const runner = { stores, detectors: configured() };
    const judge = (): Promise<AssessReport> =>
      drainMarks({ tenantId: TENANT, ...runner, clock: new VirtualClock(END) });
    const store = (at: Instant): Promise<unknown> =>
      keep(
        stores,
        select(TENANT, DETECTORS, [
          deviceAdded({ id: 'added', user: 'ann', at }, 'phone'),
          deviceUsed({ id: 'used', user: 'ann', at: plus(at, SECOND / 2) }, 'phone'),
        ]),
      );
    await store(first);
    await cover(runner, AUDITS!);
    await judge();

    await store(second);
    const report = await judge();

    expect(report.faults).toEqual([]);
    expect(await marked(stores)).toEqual([]);
    expect(stores.findings.list()).toHaveLength(1);
  });
});
