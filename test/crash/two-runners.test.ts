import { seeded } from '../../cli/demo-tenant/random';
import { startCrashWorld, STEPS, type CrashWorld } from '../fakes/crash-world';
import { differences, endState, type EndState } from '../fakes/end-state';

const LAST = STEPS.at(-1)!;
const WELL = { code: 0, signal: null, said: '' };
const LONGEST_DELAY = 6;

jest.setTimeout(120_000);

let world: CrashWorld;
let alone: EndState;
let conflictsAlone: number;

beforeAll(async () => {
  world = await startCrashWorld();
  const scene = await world.scene();
  for (const step of [...STEPS, LAST]) {
    expect(await scene.pollToEnd(step)).toEqual(WELL);
  }
  alone = await endState(scene, { watch: false });
  conflictsAlone = scene.proxy.conflicts();
  await scene.close();
});

afterAll(async () => {
  await world.stop();
});

/** Every operation waits another moment, so that the two meet at another place each time. */
function delays(seed: string): () => number {
  const random = seeded(seed);
  return () => random.below(LONGEST_DELAY);
}

describe('two runners on one store', () => {
  it.each([1, 2])('poll at the same time and end as one alone (%i)', async (round) => {
    const scene = await world.scene({ delay: delays(`two polls ${round}`) });
    for (const step of STEPS) {
      const endings = await Promise.all([scene.pollToEnd(step), scene.pollToEnd(step)]);
      expect(endings).toEqual([WELL, WELL]);
    }
    // What one left to the other, and the other to the next run.
    expect(await scene.pollToEnd(LAST)).toEqual(WELL);

    const state = await endState(scene, { watch: false });
    await scene.close();

    expect(scene.proxy.conflicts()).toBeGreaterThan(conflictsAlone);
    expect(differences(alone, state)).toEqual({});
  });

  it.each([1, 2])('one polls while the other reassesses and delivers (%i)', async (round) => {
    const scene = await world.scene({ delay: delays(`poll and reassess ${round}`) });
    for (const step of STEPS) {
      const other = await scene.loop(step, ['reassessDue', 'deliverAlerts']);
      expect(await scene.pollToEnd(step)).toEqual(WELL);
      expect(await other.end()).toEqual(WELL);
    }
    expect(await scene.pollToEnd(LAST)).toEqual(WELL);

    const state = await endState(scene, { watch: false });
    await scene.close();

    expect(scene.proxy.conflicts()).toBeGreaterThan(conflictsAlone);
    expect(differences(alone, state)).toEqual({});
  });
});
