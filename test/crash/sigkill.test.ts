import { seeded, type Random } from '../../cli/demo-tenant/random';
import { plus, SECOND } from '../../shared/domain/time';
import { ended, startCrashWorld, STEPS, type CrashWorld, type Scene } from '../fakes/crash-world';
import { differences, endState, type Differences, type EndState } from '../fakes/end-state';
import type { Operation, Target } from '../fakes/killing-proxy';

/** The real process is killed so often. KILL_SEED draws other places, KILL_CASE begins with another case. */
const KILLS = Number(process.env['KILLS'] ?? 100);
const SEED = process.env['KILL_SEED'] ?? 'crosscheck';
const FIRST_CASE = Number(process.env['KILL_CASE'] ?? 0);
const AT_ONCE = 2;
const MOST_PER_STEP = 5;
/** Less than between a story's beginning and its end becoming visible, whatever is killed. */
const RESTART_TAKES = 5 * SECOND;
/** Roughly what one kill takes, three times over. */
const TIMEOUT = 60_000 + KILLS * 5_000;

jest.setTimeout(120_000);

const WELL = { code: 0, signal: null, said: '' };

let world: CrashWorld;
let expected: {
  readonly first: EndState;
  readonly exact: EndState;
  readonly timeless: EndState;
};
/** What an unkilled run does in each step. */
let steps: (readonly string[])[];

beforeAll(async () => {
  world = await startCrashWorld();
  const scene = await world.scene();
  steps = [];
  let first: EndState | undefined;
  for (const step of STEPS) {
    scene.proxy.arm();
    expect(await scene.pollToEnd(step)).toEqual(WELL);
    steps.push(scene.proxy.operations.map(({ kind }) => kind));
    first ??= await endState(scene);
  }
  const [exact, timeless] = [await endState(scene), await endState(scene, { clock: false })];
  expected = { first: first!, exact, timeless };
  await scene.close();
});

afterAll(async () => {
  await world.stop();
});

interface Killed extends Target {
  readonly step: number;
}

/** Runs one step to its end, killed on the way where the plan says. */
async function survive(
  scene: Scene,
  index: number,
  plan: (kills: number) => Target | undefined,
  restartTakes: number,
): Promise<Killed[]> {
  const killed: Killed[] = [];
  for (;;) {
    const step = STEPS[index]!;
    const target = killed.length < MOST_PER_STEP ? plan(killed.length) : undefined;
    const child = scene.poll({ ...step, at: plus(step.at, killed.length * restartTakes) });
    const kills = killed.length;
    const kill = (): void => {
      if (target !== undefined && child.kill('SIGKILL')) {
        killed.push({ step: index, ...target });
      }
    };
    scene.proxy.arm(target && { ...target, kill });
    const ending = await ended(child);
    await scene.proxy.settled();
    scene.proxy.arm(); // a target that was not reached is not for whoever comes next
    await scene.endLease(step.at);
    if (killed.length === kills) {
      expect(ending).toEqual(WELL);
      if (kills > 0) {
        expect(await scene.deliverAfter(plus(step.at, kills * restartTakes))).toEqual(WELL);
      }
      return killed;
    }
  }
}

/** Every second kill is at any operation, the others at any kind of operation: rare ones get their share. */
function draw(random: Random, kinds: readonly string[], kills: number): Target {
  const kind = random.pick(random.below(2) === 0 ? kinds : [...new Set(kinds)]);
  const count = kinds.filter((each) => each === kind).length;
  // With every restart there is less left to do, and a target that is not reached ends the step.
  const nth = 1 + random.below(Math.ceil(count / (kills + 1)));
  return { kind, nth, side: random.pick(['before', 'after']) };
}

/** One tenant's whole story, killed again and again. */
async function playCase(number: number): Promise<{ killed: Killed[]; differences: Differences }> {
  const random = seeded(`${SEED}|${number}`);
  // At the same instant everything can be compared; else only what does not say when it was written.
  const restartTakes = number % 3 === 2 ? RESTART_TAKES : 0;
  const scene = await world.scene();
  const killed: Killed[] = [];
  try {
    for (const index of STEPS.keys()) {
      // The last one says how far coverage goes.
      const isSpared = restartTakes > 0 && index === STEPS.length - 1;
      const plan = (kills: number): Target | undefined =>
        isSpared ? undefined : draw(random, steps[index]!, kills);
      killed.push(...(await survive(scene, index, plan, restartTakes)));
    }
    const isExact = restartTakes === 0;
    const state = await endState(scene, { clock: isExact });
    return {
      killed,
      differences: differences(isExact ? expected.exact : expected.timeless, state),
    };
  } finally {
    await scene.close();
  }
}

describe('a process that is killed', () => {
  it(
    `ends as if it never had been, ${KILLS} times`,
    async () => {
      const hit: Killed[] = [];
      const wrong: unknown[] = [];
      let cases = FIRST_CASE;
      const work = async (): Promise<void> => {
        while (hit.length < KILLS && wrong.length === 0) {
          const number = cases++;
          const { killed, differences: found } = await playCase(number);
          hit.push(...killed);
          if (Object.keys(found).length > 0) {
            wrong.push({ number, killed, found });
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));

      expect(wrong).toEqual([]);
      const kinds = new Set(steps.flat());
      const kindsHit = new Set(hit.map(({ kind }) => kind));
      expect(kindsHit.size).toBeGreaterThan(Math.min(kinds.size / 2, KILLS / 4));
      expect(hit.length).toBeGreaterThanOrEqual(KILLS);
    },
    TIMEOUT,
  );
});

describe('a process that is killed while it records what came of a digest', () => {
  it.each([1, 3])('posts the same digest again (%i)', async (nth) => {
    const scene = await world.scene();
    const child = scene.poll(STEPS[0]!);
    const kill = (): void => void child.kill('SIGKILL');
    // The last of these say what came of each alert; before them they are claimed.
    const kind = 'put Findings';
    const alerts = Object.keys(expected.first.alerts).length;
    const before = steps[0]!.filter((each) => each === kind).length - alerts;
    scene.proxy.arm({ kind, nth: before + nth, side: 'before', kill });
    await ended(child);
    await scene.proxy.settled();
    scene.proxy.arm();
    await scene.endLease(STEPS[0]!.at);

    expect(await scene.pollToEnd(STEPS[0]!)).toEqual(WELL);
    const digestsPosted = () => scene.proxy.posts.filter(({ id }) => id.startsWith('digest-'));
    expect(digestsPosted()).toHaveLength(1);
    const ending = await scene.deliverAfter(STEPS[0]!.at);
    const found = differences(expected.first, await endState(scene));
    const digests = digestsPosted();
    await scene.close();

    expect([ending, found]).toEqual([WELL, {}]);
    expect(digests).toHaveLength(2);
    expect(digests[1]).toEqual(digests[0]);
  });
});

/** That the comparison sees what it is there for. */
describe('a store or a channel that forgets', () => {
  it.each([
    {
      what: 'what a transaction wrote of a finding',
      loses: once('transaction Findings'),
      named: /^findings: /,
    },
    { what: 'that work marks were removed', loses: removesMarks, named: /^marks: mfa/ },
    { what: 'a message', loses: once('post'), named: /^untold: / },
  ])('$what, is noticed', async ({ loses, named }) => {
    const scene = await world.scene({ loses });
    await scene.pollToEnd(STEPS[0]!);

    const found = differences(expected.first, await endState(scene));
    await scene.close();

    expect(Object.keys(found)).toContainEqual(expect.stringMatching(named));
  });

  it('work marks, is noticed once the process is killed after coverage has moved', async () => {
    let isKilled = false;
    const loses = (each: Operation): boolean => !isKilled && concernsMarks(each);
    const scene = await world.scene({ loses });
    const kind = 'transaction Coverage';
    const nth = steps[0]!.filter((each) => each === kind).length;
    const child = scene.poll(STEPS[0]!);
    const kill = (): void => {
      isKilled = child.kill('SIGKILL');
    };
    scene.proxy.arm({ kind, nth, side: 'after', kill });
    await ended(child);
    scene.proxy.arm();
    await scene.endLease(STEPS[0]!.at);

    const ending = await scene.pollToEnd(STEPS[0]!);
    const found = differences(expected.first, await endState(scene));
    await scene.close();

    expect([isKilled, ending]).toEqual([true, WELL]);
    expect(Object.keys(found)).toContainEqual(expect.stringMatching(/^findings: /));
    expect(Object.keys(found)).toContainEqual(expect.stringMatching(/^alerts: /));
  });
});

function concernsMarks({ kind, url, body }: Operation): boolean {
  return kind.endsWith(' Work') && /RowKey='mark(%7C|\|)/.test(url + body);
}

function removesMarks(operation: Operation): boolean {
  return (
    concernsMarks(operation) &&
    (operation.kind.startsWith('delete') || operation.body.includes('DELETE '))
  );
}

function once(kind: string): (operation: Operation) => boolean {
  let isOver = false;
  return (operation) => {
    const isIt = !isOver && operation.kind === kind;
    isOver ||= isIt;
    return isIt;
  };
}
