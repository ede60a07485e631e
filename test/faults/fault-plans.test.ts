import { faultPlans, lay, type FaultPlan } from '../fakes/fault-plan';
import { playVirtually, type Breakage } from '../fakes/fault-run';
import { STORAGE_FAULT_KINDS, type StorageFaultKind } from '../fakes/faulty-tables';
import { FAULT_KINDS, type FaultKind } from '../fakes/faulty-graph';
import { isNoticed } from '../fakes/law';
import * as planted from '../fakes/reading-faults';
import { mustHoldForAll } from './hold-for-all';

/** `RUNS=10000 npx jest test/faults/fault-plans` looks harder. */
const RUNS = Number(process.env['RUNS'] ?? 200);

jest.setTimeout(3_600_000);

describe('reading through faults', () => {
  it('comes to what a perfect Graph would show, and is honest about it all the way', async () => {
    const met = new Set<FaultKind | StorageFaultKind>();

    await mustHoldForAll(faultPlans(), RUNS, async (plan) => {
      const graph = await playVirtually(lay(plan), {}, (kind) => met.add(kind));
      [...graph.met.keys()].forEach((kind) => met.add(kind));
    });

    // A fault that nobody meets proves nothing.
    const all = [...FAULT_KINDS, ...STORAGE_FAULT_KINDS];
    expect(RUNS < 200 ? [] : all.filter((kind) => !met.has(kind))).toEqual([]);
  });
});

describe('the property notices', () => {
  it.each<[string, Breakage]>([
    ['coverage that moves before the signals are kept', planted.coveredTooSoon],
    ['a page that is dropped', planted.pageDropped],
    ['rows that cannot be read taken for none', planted.unreadableForgotten],
    ['a window that passes although it could not be read', planted.troubleSwallowed],
    ['a filter that nobody checks', planted.alwaysFiltered],
    ['late rows that nobody looks for', planted.readOnlyOnce],
    ['rows that are not looked at when they come again', planted.firstVersionWins],
    ['an empty page taken for the end', planted.emptyPageEnds],
    ['an error taken for an empty page', planted.errorIsEmpty],
    ['requests beyond the limit', planted.limitIgnored],
    ['a write that is refused taken for done', planted.refusalTakenForDone],
  ])('%s', async (_what, breakage) => {
    const holds = async (plan: FaultPlan): Promise<void> => {
      await playVirtually(lay(plan), breakage);
    };

    expect(await isNoticed(faultPlans(), holds, 50)).toBe(true);
  });
});
