import { memoryStores } from '../fakes/memory-stores';
import { readRow } from '../../shared/adapters/rows/read-row';
import { configureDetectors } from '../../shared/config/detectors';
import type { EntraRecord } from '../../shared/domain/record';
import { toInstant } from '../../shared/domain/time';
import { drainMarks } from '../../shared/pipeline/findings/assess';
import { keep } from '../../shared/pipeline/findings/keep';
import { select, wantedBy, type Selection } from '../../shared/pipeline/findings/select';
import { signInPage } from './sign-ins';
import { extendCoverage } from '../fakes/cover';

const PAGE = 1_000;

/** Seconds for bare `JSON.parse` and for parse, select and assess of the same pages. */
export async function measurePipeline(
  records: number,
  every: number,
): Promise<{ parse: number; whole: number; findings: number }> {
  const configured = configureDetectors({});
  const detectors = configured.map((each) => each.detector);
  const wanted = wantedBy(detectors, 'signIns');
  const stores = memoryStores();
  const selection: Selection = new Map();
  let parse = 0;
  let whole = 0;
  for (let page = 0; page < records / PAGE; page++) {
    const text = signInPage(page, PAGE, every);
    // Taking turns at going first, so that neither always finds the caches warm.
    const bare = (): void => {
      parse += seconds(() => JSON.parse(text) as unknown);
    };
    if (page % 2 === 0) {
      bare();
    }
    whole += seconds(() => {
      const { value } = JSON.parse(text) as { value: Record<string, unknown>[] };
      const kept: EntraRecord[] = [];
      for (const row of value) {
        const read = readRow('signIns', row, wanted);
        if ('record' in read) {
          kept.push(read.record);
        }
      }
      select('bench', detectors, kept, selection);
    });
    if (page % 2 === 1) {
      bare();
    }
  }
  const started = process.hrtime.bigint();
  await keep(stores, selection);
  const window = {
    from: toInstant('2026-01-01T00:00:00Z'),
    to: toInstant('2026-03-01T00:00:00Z'),
  };
  await extendCoverage(
    stores.coverage,
    'signIns',
    window,
    detectors.map((each) => each.id),
  );
  const { changes } = await drainMarks({
    tenantId: 'bench',
    detectors: configured,
    stores,
    clock: { now: () => window.to },
    isExport: true,
  });
  whole += Number(process.hrtime.bigint() - started) / 1e9;
  return { parse, whole, findings: changes.length };
}

function seconds(work: () => unknown): number {
  // What building the page left behind is swept before the clock starts, for both sides alike.
  globalThis.gc?.({ type: 'minor' });
  const started = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - started) / 1e9;
}
