/* eslint-disable no-console -- this is the runner's report */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { concurrently } from '../../shared/pipeline/concurrently';
import { signIn } from '../bench/sign-ins';
import {
  curveTable,
  lossesOf,
  missesOf,
  MOST_RATIO,
  roundTable,
  type Point,
  type Round,
} from './report';
import { CONTESTANT_NAMES, SCENARIOS, simulate, type Figures, type Scenario } from './simulate';
import { createWorld } from './world';

const HELP = `Lets Crosscheck and two known ways of following a log poll the same simulated days, and prints what
each lost, counted twice and asked for. Exits 1 when Crosscheck lost or doubled anything, or made more
than ${MOST_RATIO} times the requests of the plain watermark poll while nothing failed.

  npm run simulate-ingest -- [--seeds N] [--no-curve]

  --seeds N    so many different days for each scenario (default 20)
  --no-curve   leaves out the volumes from 20,000 to 500,000 sign-ins a day
  --help       this text
`;
const SIGN_INS_PER_DAY = 20_000;
const CURVE = [20_000, 50_000, 100_000, 500_000];
const MEANING = {
  steady: 'Steady: a poll every 5 minutes.',
  outage: 'Outage: no poll from hour 6 to 18; for an hour after it every 10th request fails.',
  'wrong clock':
    'Wrong clock: 20 h ahead at first, 26 h at hour 6, 40 days at hour 9; 3 h behind from hour 12 to 18.',
} as const satisfies Record<Scenario, string>;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

function readArguments(args: readonly string[]): { seeds: number; curve: boolean; help: boolean } {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        seeds: { type: 'string', default: '20' },
        curve: { type: 'boolean', default: true },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { seeds, curve, help } = values;
  if (!/^[1-9]\d{0,3}$/.test(seeds)) {
    throw new UsageError(`--seeds takes a whole number from 1 to 9999, not "${seeds}"`);
  }
  return { seeds: Number(seeds), curve, help };
}

interface Task {
  readonly scenario: Scenario;
  readonly seed: number;
}

async function playRound({ scenario, seed }: Task): Promise<Round> {
  const world = createWorld(SIGN_INS_PER_DAY, seed);
  const figures: [string, Figures][] = [];
  for (const name of CONTESTANT_NAMES) {
    figures.push([name, await simulate(name, world, scenario, { seed })]);
  }
  return Object.fromEntries(figures) as Round;
}

/** A round in a thread of its own: it is nothing but work for one core. */
async function inThread(task: Task): Promise<Round> {
  const worker = new Worker(__filename, { workerData: task });
  const [round] = (await once(worker, 'message')) as [Round];
  return round;
}

async function playScenario(scenario: Scenario, seeds: number): Promise<string[]> {
  const started = process.hrtime.bigint();
  const rounds = new Map<number, Round>();
  const numbers = Array.from({ length: seeds }, (_, i) => i + 1);
  await concurrently(numbers, availableParallelism(), async (seed) => {
    rounds.set(seed, await inThread({ scenario, seed }));
  });
  const played = numbers.flatMap((seed) => rounds.get(seed) ?? []);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  console.log(`\n${MEANING[scenario]} Seeds: ${seeds}, in ${seconds.toFixed(1)} s.\n`);
  console.log(roundTable(played, SIGN_INS_PER_DAY));
  return played.flatMap((round, i) => missesOf(scenario, i + 1, round));
}

async function playCurve(): Promise<string[]> {
  const points: Point[] = [];
  const misses: string[] = [];
  for (const signInsPerDay of CURVE) {
    const world = createWorld(signInsPerDay, 1);
    for (const reading of ['signals', 'filtered', 'feeds'] as const) {
      const options = { seed: 1, reading };
      const crosscheck = await simulate('crosscheck', world, 'steady', options);
      const watermark = await simulate('watermark', world, 'steady', options);
      points.push({ signInsPerDay, reading, round: { crosscheck, watermark } });
      const what = `${signInsPerDay.toLocaleString('en')} a day, ${reading}`;
      misses.push(...lossesOf(crosscheck, reading).map((miss) => `${what}: ${miss}`));
    }
  }
  const bytesPerRow = Buffer.byteLength(signIn(1, 2)) + 1;
  console.log(`\nThe curve: steady, one seed; rows of ${bytesPerRow} bytes.\n`);
  console.log(curveTable(points, bytesPerRow));
  return misses;
}

async function main(args: readonly string[]): Promise<number> {
  const { seeds, curve, help } = readArguments(args);
  if (help) {
    console.log(HELP);
    return 0;
  }
  console.log(
    `${SIGN_INS_PER_DAY.toLocaleString('en')} sign-ins in 24 h, 2 % of them signals. They can be read within 2 min ` +
      '(95 %), 15 min (4 %) or 3 h (1 %).\nAverage (least–most) over the seeds. Requests are those ' +
      'of the day and those that read it again later;\nminutes are from the event to its signal, of those that have one.',
  );
  const misses: string[] = [];
  for (const scenario of SCENARIOS) {
    misses.push(...(await playScenario(scenario, seeds)));
  }
  if (curve) {
    misses.push(...(await playCurve()));
  }
  misses.forEach((miss) => {
    console.error(`MISSED  ${miss}`);
  });
  console.log(
    misses.length === 0
      ? `met     nothing lost, nothing double, at most ${MOST_RATIO} times the requests of the watermark poll`
      : '',
  );
  return misses.length === 0 ? 0 : 1;
}

if (isMainThread) {
  main(process.argv.slice(2)).then(
    (status) => {
      process.exitCode = status;
    },
    (error: unknown) => {
      const isUsage = error instanceof UsageError;
      console.error(isUsage ? `${error.message}\n\n${HELP}` : error);
      process.exitCode = isUsage ? 2 : 1;
    },
  );
} else {
  void playRound(workerData as Task).then((round) => parentPort?.postMessage(round));
}
