/* eslint-disable no-console -- this is the runner's report */
import { resolve } from 'node:path';
import { compareLoadTimes } from './bundle-load';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import { startAzurite } from '../fakes/azurite';
import { TENANT } from '../fakes/run';
import { monthly } from './cost';
import { measureDelivery } from './deliver';
import { measureLargeTenant, type Measured } from './large-tenant';
import { peakMemory, peakOfFindings, type Shape } from './memory';
import { measurePipeline } from './pipeline';
import { countPolls } from './quiet-poll';
import { measureAnalyze } from './read-files';
import { measureReadPath } from './read-path';
import { startSlowStorage } from './slow-storage';
import { measureRecord } from './record';

const RUNS = Number(process.env['RUNS'] ?? 3);
const RECORDS = Number(process.env['RECORDS'] ?? 1_000_000);
const BYTES = Number(process.env['BYTES'] ?? 1_000_000_000);
const PEOPLE = Number(process.env['PEOPLE'] ?? 1_000_000);
/** One part alone: a name of `PARTS`. */
const ONLY = process.env['ONLY']?.split(',');
let missed = 0;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function report(what: string, value: string, isMet: boolean): void {
  missed += isMet ? 0 : 1;
  console.log(`${isMet ? 'met   ' : 'MISSED'}  ${what}: ${value}`);
}

async function benchPipeline(every: number, share: string, goal: number): Promise<void> {
  const ratios: number[] = [];
  const rates: number[] = [];
  let findings = 0;
  for (let run = 0; run < RUNS; run++) {
    const measured = await measurePipeline(RECORDS / RUNS, every);
    ratios.push(measured.parse / measured.whole);
    rates.push(RECORDS / RUNS / measured.whole);
    findings = measured.findings;
  }
  report(
    `parse + select + assess, ${share} of the records yield signals, as a share of bare JSON.parse`,
    `${median(ratios).toFixed(2)} (goal ${goal}; ${Math.round(median(rates)).toLocaleString('en')} records/s, ` +
      `${findings.toLocaleString('en')} findings)`,
    median(ratios) >= goal,
  );
}

async function benchMemory(shape: Shape, empty: number): Promise<void> {
  const { peak, seconds } = await peakMemory(BYTES, shape);
  const above = peak - empty;
  report(
    `peak memory of analyze over ${BYTES / 1e9} GB as ${shape}, above an empty run`,
    `${above.toFixed(0)} MB (goal 150; ${(BYTES / 1e6 / seconds).toFixed(0)} MB/s)`,
    above <= 150,
  );
}

async function benchReadPath(): Promise<void> {
  const ratios: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { bare, whole } = await measureReadPath(100, 100);
    ratios.push(bare / whole);
  }
  report(
    'whole read path over loopback, 1 % of the records yield signals, as a share of fetch + res.json()',
    `${median(ratios).toFixed(2)} (goal 0.7; 100 pages of 1,000)`,
    median(ratios) >= 0.7,
  );
}

function benchAnalyze(): void {
  const ratios = measureAnalyze(200_000_000, RUNS).map(({ bare, analyze }) => bare / analyze);
  report(
    'analyze of 200 MB, as a share of readline + JSON.parse',
    `${median(ratios).toFixed(2)} (goal 0.6)`,
    median(ratios) >= 0.6,
  );
}

function benchBundle(): void {
  const library = resolve('node_modules/@azure/functions');
  const { what, other, ratio } = compareLoadTimes(resolve('dist/main.cjs'), library, 15);
  report(
    'load and registration of the deployed bundle, beside @azure/functions alone',
    `${ratio.toFixed(2)} times (goal 1.4; ${what.toFixed(0)} ms and ${other.toFixed(0)} ms, 15 runs each in turn)`,
    ratio <= 1.4,
  );
}

/** @returns the storage operations of a quiet poll. */
async function benchPolls(): Promise<number> {
  const { quiet, first, feeds } = await countPolls();
  const perThousand = Math.round((first.operations * 1_000) / first.rows);
  console.log(
    `        the first poll of the demo tenant: ${first.requests} Graph requests, ${first.operations} storage ` +
      `operations for ${first.rows} rows (${perThousand} per 1,000)`,
  );
  const { requests, operations } = quiet;
  // Two feeds, and the sign-ins that only some detectors ask for.
  const most = 8 + 3 * Math.max(0, feeds - 2);
  report(
    `a quiet poll of both logs in ${feeds} feeds`,
    `${requests} Graph requests (goal ${feeds}), ${operations} storage operations (goal ${most})`,
    requests <= feeds && operations <= most,
  );
  return operations;
}

async function benchDelivery(): Promise<void> {
  const { sent, operations, seconds } = await measureDelivery(1_000);
  const each = operations / sent;
  report(
    '1,000 single alerts over a channel that answers in 50 ms',
    `${each.toFixed(2)} storage operations each, the claim included (goal 3.1; ${seconds.toFixed(0)} s)`,
    each <= 3.1,
  );
}

const each = ({ operations, timelines }: Measured): number => operations / timelines;

async function benchLargeTenant(users: number): Promise<void> {
  const measured = await measureLargeTenant(users);
  const { first, again, againAnew, steady, opened } = measured;
  const many = users.toLocaleString('en');
  const counted = (what: string, of: Measured, goal: number): void => {
    report(
      `${many} users: ${what}, storage operations per timeline`,
      `${each(of).toFixed(2)} (goal ${goal}; ${of.operations.toLocaleString('en')} in all, ${of.seconds.toFixed(1)} s)`,
      each(of) <= goal,
    );
  };
  // Of more users each window touches fewer of a partition's timelines side by side.
  const most = users > 10_000 ? 0.5 : 0.3;
  counted(`the first poll, ${first.findings.toLocaleString('en')} findings`, first, most);
  report(
    `${many} users: the first poll, without what Graph makes it wait`,
    `${first.seconds.toFixed(0)} s in ${first.drains.length} drains (goal 90 s for 10,000; each drain at most 180 s)`,
    (users > 10_000 || first.seconds <= 90) && Math.max(...first.drains) <= 185,
  );
  report(
    `${many} users: timelines judged twice in it`,
    `${first.repeated} (goal 0)`,
    first.repeated === 0,
  );
  counted('the tail again, same process', again, 0.1);
  counted('the tail again, a new process', againAnew, 1);
  for (const one of steady) {
    counted(`${one.touched} touched, no new finding`, one, one.touched >= 100 ? 3 : 5);
  }
  counted('100 touched, each a new finding', opened, 11);
}

/** The real client over HTTP: the emulator takes longer than a storage account, so of this only the counts are compared. */
async function benchWire(users: number): Promise<void> {
  const azurite = await startAzurite();
  const storage = await startSlowStorage(azurite.port);
  const { connection, counts, busiest } = storage;
  const stores = tableStores({ connection, tenantId: TENANT, createMissingTables: true });
  const { first } = await measureLargeTenant(users, { stores, operations: () => counts.requests });
  await storage.stop();
  await azurite.stop();
  report(
    `${users.toLocaleString('en')} users over HTTP: the first poll, storage requests per timeline`,
    `${each(first).toFixed(2)} (goal 0.3; ${first.operations.toLocaleString('en')} in all, ${first.seconds.toFixed(0)} s, ` +
      `a part of it the emulator's; in all polls ${counts.rows.toLocaleString('en')} rows, at most ` +
      `${busiest().toLocaleString('en')} a second in a partition, ${counts.refused} requests refused for that and repeated)`,
    each(first) <= 0.3 && first.repeated === 0,
  );
}

async function benchCost(quietPoll: number): Promise<void> {
  const { first, steady } = await measureLargeTenant(2_000);
  const touches = [...steady, first]
    .map((one) => ({ timelines: one.timelines, perTimeline: each(one) }))
    .sort((a, b) => a.timelines - b.timelines);
  for (const { timelines, perTimeline } of touches) {
    console.log(`        ${timelines} timelines touched: ${perTimeline.toFixed(2)} each`);
  }
  for (const line of monthly({ quietPoll, touches })) {
    console.log(`        ${line}`);
  }
}

/** Flat: five times as many findings take no more memory. What is measured differs by some 50 bytes a finding. */
async function benchRecord(): Promise<void> {
  const [some, many] = [await measureRecord(10_000), await measureRecord(50_000)];
  const further = (what: keyof typeof many): number =>
    ((many[what].peak - some[what].peak) * 1e6) / 40_000;
  for (const what of ['verify', 'export'] as const) {
    const { operations, peak, seconds } = some[what];
    const lists = further('verify') - further('chains');
    report(
      `${what} of 10,000 findings`,
      `${(operations / 10_000).toFixed(3)} storage operations a finding (goal 0.05), ${peak.toFixed(1)} MB, ` +
        `${further(what).toFixed(0)} bytes for each further finding (goal: none; ${seconds.toFixed(1)} s)` +
        (what === 'verify' ? `, ${lists.toFixed(0)} of them for the lists` : ''),
      operations / 10_000 <= 0.05 && further(what) <= 50,
    );
  }
}

async function benchFindings(): Promise<void> {
  await benchRecord();
  const { peak, seconds } = await peakOfFindings(PEOPLE);
  report(
    `peak memory of analyze over ${PEOPLE.toLocaleString('en')} people with one finding each`,
    `${peak.toFixed(0)} MB (goal ${(1_500).toLocaleString('en')}; ${seconds.toFixed(0)} s)`,
    peak <= 1_500,
  );
}

let quietPoll = 8;
const PARTS: Readonly<Record<string, () => Promise<void> | void>> = {
  pipeline: async () => {
    await benchPipeline(100, '1 %', 0.96);
    await benchPipeline(1, 'all', 0.6);
  },
  read: benchReadPath,
  analyze: benchAnalyze,
  bundle: benchBundle,
  polls: async () => {
    quietPoll = await benchPolls();
  },
  delivery: benchDelivery,
  tenants: async () => {
    await benchLargeTenant(10_000);
    await benchLargeTenant(50_000);
  },
  wire: () => benchWire(10_000),
  cost: () => benchCost(quietPoll),
  memory: async () => {
    const { peak: empty } = await peakMemory(0, 'NDJSON');
    await benchMemory('NDJSON', empty);
    await benchMemory('one JSON array', empty);
  },
  findings: benchFindings,
};

async function main(): Promise<void> {
  console.log(
    `${RECORDS.toLocaleString('en')} records in ${RUNS} runs, medians; node ${process.version}`,
  );
  for (const [name, run] of Object.entries(PARTS)) {
    if (ONLY === undefined || ONLY.includes(name)) {
      await run();
    }
  }
  process.exitCode = missed === 0 ? 0 : 1;
}

void main();
