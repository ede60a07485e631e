import { exportFormat } from '../../shared/adapters/export/formats';
import { DAY, plus } from '../../shared/domain/time';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { concurrently } from '../../shared/pipeline/concurrently';
import { entriesOf } from '../../shared/pipeline/findings/finding-counts';
import { exportFindings } from '../../shared/pipeline/queries/export-findings';
import { sealRecord } from '../../shared/pipeline/audit-trail/seal';
import { verifyRecord } from '../../shared/pipeline/audit-trail/verify';
import { finding, minutes, opening, timeline } from '../contracts/samples';
import { VirtualClock } from '../fakes/clock';
import { memoryStores } from '../fakes/memory-stores';

export interface MeasuredRecord {
  readonly operations: number;
  /** What is alive at once, at most, above what was before, in MB. */
  readonly peak: number;
  readonly seconds: number;
}

/** Verifies and exports so many findings, each sealed, counted and in both lists; `chains`: verifies without the lists. */
export async function measureRecord(
  count: number,
): Promise<{ chains: MeasuredRecord; verify: MeasuredRecord; export: MeasuredRecord }> {
  let onOperation = (): void => undefined;
  const stores = memoryStores().over((run) => {
    onOperation();
    return run();
  });
  const clock = new VirtualClock(plus(minutes(10), DAY));
  await fill(stores, count);
  await sealRecord({ stores, copies: undefined, clock });
  const measured = async (work: () => Promise<boolean>): Promise<MeasuredRecord> => {
    onOperation = () => undefined;
    await work(); // what is loaded and compiled by it is no matter of the findings
    const before = alive();
    let operations = 0;
    let peak = 0;
    onOperation = () => {
      operations += 1;
      peak = operations % 4 === 0 ? Math.max(peak, alive() - before) : peak;
    };
    const started = process.hrtime.bigint();
    const isFine = await work();
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    if (!isFine) {
      throw new Error('the findings are not those that were written');
    }
    return { operations, peak: peak / 1e6, seconds };
  };
  const verify = async (lists?: Stores): Promise<boolean> => {
    const evidence = { rows: stores.rows, copies: undefined, clock };
    const found = await verifyRecord({ ...evidence, ...(lists && { lists }) });
    const { tamperings, differences, looked } = found;
    return tamperings.length + differences.length === 0 && looked.findings === count;
  };
  return {
    chains: await measured(() => verify()),
    verify: await measured(() => verify(stores)),
    export: await measured(async () => {
      const name = 'ndjson';
      const format = exportFormat(name, { version: '1', detectorOf: () => undefined });
      const about = { version: '1', tenantId: 'tenant', requestedBy: 'bench' };
      const { findings, index } = stores;
      const pieces = exportFindings({
        ...{ findings, index, clock, name, format, about, filter: {} },
      });
      for (let piece = await pieces.next(); ; piece = await pieces.next()) {
        if (piece.done === true) {
          return piece.value.findings === count;
        }
      }
    }),
  };
}

async function fill(stores: Stores, count: number): Promise<void> {
  const changes = Array.from({ length: count }, (_, i) =>
    opening(finding(timeline(`user ${i}`).id)),
  );
  await concurrently(changes, 16, async (change) => {
    await stores.findings.commit(change, undefined);
  });
  for (let i = 0; i < count; i += 1_000) {
    const some = changes.slice(i, i + 1_000);
    await stores.index.addAll(some.map((each) => each.finding));
    await stores.counts.add(
      some.flatMap(({ finding: of, transition }) => entriesOf(of, transition)),
    );
  }
}

/** Without garbage. */
function alive(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
