import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { configureDetectors } from '../../../shared/config/detectors';
import { DAY, MINUTE } from '../../../shared/domain/time';
import { health, type Health } from '../../../shared/pipeline/queries/health';
import { CopyDiffersError, sealRecord } from '../../../shared/pipeline/audit-trail/seal';
import { finding, minutes, opening, timeline, windowReport } from '../../contracts/samples';
import { VirtualClock } from '../../fakes/clock';
import { extendCoverage } from '../../fakes/cover';
import { MemoryCopies } from '../../fakes/record';
import { putAlert } from '../../fakes/put-alert';

let stores: MemoryStores;
let clock: VirtualClock;
beforeEach(() => {
  stores = memoryStores();
  clock = new VirtualClock(minutes(0));
});
const channels = [{ id: 'teams', isConfigured: true }];
const look = (): Promise<Health> => health(stores, [], { tenantId: 'tenant', channels, clock });

describe('health', () => {
  it('counts alerts up to a bound', async () => {
    for (let i = 0; i < 120; i++) {
      const change = opening(finding(timeline('Ann').id, `x${i}`));
      await stores.findings.commit(change, undefined);
      if (i < 110) {
        await putAlert(stores.outbox, change.alert.id, 'dead');
      }
    }

    const { alerts, problems } = await look();

    expect(alerts).toEqual({ waiting: 10, 'not-configured': 0, dead: 100 });
    expect(problems).toEqual([
      '100 or more alerts could not be delivered and were given up; status names each, and "crosscheck resend <id>" owes it again.',
    ]);
  });

  it('says that nothing is read while READING is off, and not that the timers fail', async () => {
    const detectors = configureDetectors({});
    const options = { tenantId: 'tenant', channels, isReading: false, clock };

    const { status, problems } = await health(stores, detectors, options);

    expect(status).toBe('degraded');
    expect(problems).toEqual([expect.stringContaining('READING is off')]);
  });

  it('says when judging has not reached its end for 45 minutes, and answers the rest all the same', async () => {
    await stores.marks.keepDrained(clock.now());
    clock.advance(45 * MINUTE);
    expect((await look()).problems).toEqual([]);
    clock.advance(MINUTE);
    stores.quarantine.live = () => Promise.reject(new TypeError('no such thing'));

    const { problems, unreadableRows } = await look();

    expect(problems).toEqual([
      'A part of this could not be read: no such thing.',
      expect.stringContaining(`Judging has not reached its end since ${minutes(0)}`),
    ]);
    expect(unreadableRows).toEqual({ ofPersons: 0, ofAll: 0, others: 0 });
  });

  it('says when the record is not sealed, not copied, or disagrees with its copy', async () => {
    const copies = new MemoryCopies();
    const desk = { stores, clock };
    const problems = async (): Promise<readonly string[]> =>
      (await health(stores, [], { tenantId: 'tenant', channels, hasContainer: true, clock }))
        .problems;
    const read = { from: minutes(0), to: minutes(5) };
    const window = windowReport(read.from, read.to);
    await extendCoverage(stores.coverage, 'signIns', read, ['x'], window);
    expect(await problems()).toEqual([]);
    clock.advance(4 * DAY);
    expect(await problems()).toEqual([expect.stringContaining('never sealed')]);

    await sealRecord({ ...desk, copies: undefined });
    expect(await problems()).toEqual([]);
    clock.advance(DAY);
    expect(await problems()).toEqual([]);
    clock.advance(2 * DAY);
    expect(await problems()).toEqual([
      expect.stringContaining('sealed to 2026-02-04 23:00 UTC only'),
      expect.stringContaining('not copied'),
    ]);

    await sealRecord({ ...desk, copies });
    expect(await problems()).toEqual([]);
    clock.advance(DAY);
    const { sequence } = (await stores.chain.head()).head;
    copies.texts.set(sequence + 1, '{}');
    await expect(sealRecord({ ...desk, copies })).rejects.toThrow(CopyDiffersError);
    expect(await problems()).toEqual([
      expect.stringContaining(`holds another entry ${sequence + 1} than the chain`),
    ]);
    copies.texts.delete(sequence + 1);
    await sealRecord({ ...desk, copies });
    expect(await problems()).toEqual([]);
  });
});
