/* eslint-disable no-console -- this is the runner's report */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { concurrently } from '../../shared/pipeline/concurrently';
import { evaluate, POLL_EVERY, type Evaluated } from './evaluate';
import { pageWith } from './page';
import {
  faultsInWords,
  reportOf,
  setupInWords,
  shortfalls,
  tableOf,
  type Bounds,
  type Report,
  type Setup,
} from './report';

const HELP = `Lets a simulated tenant with known truth live, follows it with the real poll on a simulated clock, and
prints how right each detector was. Exits 1 when a figure is below its bound.

  npm run evaluate -- [--users N] [--days D] [--seed S] [--seeds K] [--warm-up D] [--stories N]
                      [--hard]
                      [--jobs J] [--precision P] [--recall R] [--everyday A] [--json] [--write]

  --users N      people of the tenant (default 500)
  --days D       days that count (default 14)
  --seed S       the first seed: another one is another tenant (default 1)
  --seeds K      so many seeds, one after the other (default 1)
  --warm-up D    days before, which count for nothing (default 30)
  --stories N    so many stories and look-alikes a day for 1,000 people (default 20)
  --hard         clocks differ, fields are missing, ids stand for names, people are renamed, rows come
                 up to 5 days late
  --jobs J       so many seeds at once (default 1)
  --precision P  the least precision of each detector, 0 to 1 (default 0.95)
  --recall R     the least recall of each detector, 0 to 1 (default 0.98)
  --everyday A   the most alerts from everyday life per 1,000 users and week (default 2)
  --json         the figures as JSON
  --write        writes the figures into docs/evaluation.md, in the part for this mode
  --help         this text
`;
const PAGE = 'docs/evaluation.md';

class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Arguments {
  readonly setup: Setup;
  readonly bounds: Bounds;
  readonly jobs: number;
  readonly isJson: boolean;
  readonly isWritten: boolean;
  readonly isHelp: boolean;
}

function readArguments(args: readonly string[]): Arguments {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        users: { type: 'string', default: '500' },
        days: { type: 'string', default: '14' },
        seed: { type: 'string', default: '1' },
        seeds: { type: 'string', default: '1' },
        'warm-up': { type: 'string', default: '30' },
        stories: { type: 'string', default: '20' },
        jobs: { type: 'string', default: '1' },
        precision: { type: 'string', default: '0.95' },
        recall: { type: 'string', default: '0.98' },
        everyday: { type: 'string', default: '2' },
        hard: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const whole = (
    name: 'users' | 'days' | 'seed' | 'seeds' | 'warm-up' | 'stories' | 'jobs',
    least = 1,
  ): number => {
    const value = Number(values[name]);
    if (!/^\d{1,6}$/.test(values[name]) || value < least) {
      throw new UsageError(`--${name} takes a whole number from ${least}, not "${values[name]}"`);
    }
    return value;
  };
  const part = (name: 'precision' | 'recall' | 'everyday', most: number): number => {
    const value = Number(values[name]);
    if (!/^\d+(\.\d+)?$/.test(values[name]) || value > most) {
      throw new UsageError(`--${name} takes a number from 0 to ${most}, not "${values[name]}"`);
    }
    return value;
  };
  const first = whole('seed', 0);
  const setup: Setup = {
    users: whole('users', 20),
    ...{ days: whole('days'), warmUp: whole('warm-up', 0), storiesPerDay: whole('stories') },
    seeds: Array.from({ length: whole('seeds') }, (_, i) => first + i),
    mode: values.hard ? 'hard' : 'easy',
  };
  return {
    setup,
    bounds: {
      ...{ precision: part('precision', 1), recall: part('recall', 1) },
      everyday: part('everyday', 1_000),
    },
    ...{ jobs: whole('jobs'), isJson: values.json, isWritten: values.write },
    isHelp: values.help,
  };
}

interface Task {
  readonly setup: Omit<Setup, 'seeds'>;
  readonly seed: number;
}

/** What a thread says: how far it is, and at last what it came to. */
type Word = { readonly progress: string } | { readonly evaluated: Evaluated };

function run({ setup, seed }: Task, say: (word: Word) => void): Promise<void> {
  const onDay = (day: number, of: number): void => {
    say({ progress: `seed ${seed}: day ${day} of ${of}` });
  };
  return evaluate({ ...setup, seed, pollEvery: POLL_EVERY, onDay }).then((evaluated) => {
    say({ evaluated });
  });
}

/** A seed in a thread of its own: it is nothing but work for one core, and never pauses to print by itself. */
function inThread(task: Task): Promise<Evaluated> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: task });
    worker.on('error', reject);
    worker.on('message', (word: Word) => {
      if ('evaluated' in word) {
        resolve(word.evaluated);
      } else {
        process.stderr.write(`${word.progress}\n`);
      }
    });
  });
}

async function evaluateAll(setup: Setup, jobs: number): Promise<Report> {
  const runs = new Map<number, Evaluated>();
  const { seeds, ...each } = setup;
  await concurrently(seeds, jobs, async (seed) => {
    runs.set(seed, await inThread({ setup: each, seed }));
  });
  return reportOf(
    setup,
    seeds.map((seed) => runs.get(seed)).filter((each) => each !== undefined),
  );
}

function print(report: Report, isJson: boolean): void {
  if (isJson) {
    console.log(JSON.stringify(report, null, 2));
    return;
  }
  console.log(`${setupInWords(report)}\n\n${tableOf(report)}`);
  const faults = faultsInWords(report);
  console.log(faults.length === 0 ? '\nNothing was wrong.' : `\n${faults.join('\n')}`);
}

/** @returns the code the process ends with. */
async function main(args: readonly string[]): Promise<number> {
  const { setup, bounds, jobs, isJson, isWritten, isHelp } = readArguments(args);
  if (isHelp) {
    process.stdout.write(HELP);
    return 0;
  }
  const report = await evaluateAll(setup, jobs);
  print(report, isJson);
  if (isWritten) {
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
    writeFileSync(PAGE, pageWith(readFileSync(PAGE, 'utf8'), report, commit.trim()));
  }
  const short = shortfalls(report, bounds);
  short.forEach((each) => {
    process.stderr.write(`${each}\n`);
  });
  return short.length === 0 ? 0 : 1;
}

if (isMainThread) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      const isUsage = error instanceof UsageError;
      process.stderr.write(isUsage ? `${error.message}\n\n${HELP}` : `${String(error)}\n`);
      process.exitCode = isUsage ? 2 : 1;
    },
  );
} else {
  void run(workerData as Task, (word) => parentPort?.postMessage(word));
}
