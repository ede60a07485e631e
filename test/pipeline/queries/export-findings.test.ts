import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { exportFormat } from '../../../shared/adapters/export/formats';
import type { Finding } from '../../../shared/domain/findings/finding';
import { plus, SECOND, type Duration, type Instant } from '../../../shared/domain/time';
import {
  exportFindings,
  type ExportFormatName,
  type Manifest,
} from '../../../shared/pipeline/queries/export-findings';
import { lineOf } from '../../../shared/pipeline/findings/finding-lines';
import { UnreadableRowError } from '../../../shared/pipeline/ports/unreadable-row';
import type { FindingIndex } from '../../../shared/pipeline/ports/finding-index';
import type { FindingStore } from '../../../shared/pipeline/ports/finding-store';
import { finding, minutes } from '../../contracts/samples';

const ALL = 20_000;

/** Makes findings when they are asked for and keeps none. */
const endless = (
  count = ALL,
): { index: FindingIndex; findings: FindingStore; pages: () => number } => {
  let pages = 0;
  const make = (n: number): Finding =>
    finding(String(n).padStart(16, '0'), 'a', { title: `Finding ${n}`, summary: 'x'.repeat(500) });
  const index = {
    page: (_filter: object, top: number, after = '0') => {
      pages += 1;
      const from = Number(after);
      const to = Math.min(from + top, count);
      const lines = Array.from({ length: to - from }, (_, i) => lineOf(make(from + i)));
      return Promise.resolve({ lines, ...(to < count && { next: String(to) }) });
    },
  };
  async function* scan({ after = '' }): ReturnType<FindingStore['scan']> {
    for (let from = after === '' ? 0 : Number(after) + 1; from < count; from += 200) {
      pages += 1;
      const to = Math.min(from + 200, count);
      const found = Array.from({ length: to - from }, (_, i) => ({
        finding: make(from + i),
        history: [],
      }));
      yield Promise.resolve({ found, upTo: String(to - 1).padStart(16, '0') });
    }
  }
  const findings = {
    find: (id: string) => Promise.resolve({ finding: make(Number(id.slice(0, 16))), etag: '1' }),
    history: () => Promise.resolve([]),
    scan,
  };
  return {
    index: index as unknown as FindingIndex,
    findings: findings as unknown as FindingStore,
    pages: () => pages,
  };
};

const FORMAT = (name: ExportFormatName): ReturnType<typeof exportFormat> =>
  exportFormat(name, { version: '1.0.0', detectorOf: () => undefined });
const about = { version: '1.0.0', tenantId: 'tenant', requestedBy: 'me' };

/** A clock that goes on by itself. */
const clock = (step: Duration = 0): { now: () => Instant } => {
  let now = minutes(0);
  return { now: () => (now = plus(now, step)) };
};

const run = (stores: ReturnType<typeof endless>): AsyncGenerator<string, Manifest> =>
  exportFindings({
    ...stores,
    clock: clock(),
    format: FORMAT('csv'),
    name: 'csv',
    filter: {},
    about,
  });

const heap = (): number => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
};

describe('pipeline/export-findings', () => {
  it(`writes ${ALL} rows in constant memory`, async () => {
    const pieces = run(endless());
    let [rows, early, bytes] = [0, 0, 0];
    for (;;) {
      const step = await pieces.next();
      if (step.done === true) {
        expect(step.value).toMatchObject({
          findings: ALL,
          complete: true,
          byStatus: { open: ALL },
        });
        break;
      }
      rows += step.value.split('\n').length - 1;
      bytes += step.value.length;
      early ||= rows > 2_000 ? heap() : 0;
    }

    expect([rows, bytes > 10e6]).toEqual([ALL + 1, true]);
    expect(heap() - early).toBeLessThan(2e6);
  }, 60_000);

  it('reads no further than it is asked to', async () => {
    const stores = endless();
    const pieces = run(stores);
    for (let i = 0; i < 3; i++) {
      await pieces.next();
    }

    expect(stores.pages()).toBe(1 + 3); // of the list, and of the findings
  });

  it.each([
    ['its time is over', { time: 2 * SECOND, characters: 1e9 }, SECOND],
    ['it is long enough', { time: 1e9, characters: 1_000 }, 0],
  ])('ends when %s, and says where to go on', async (_, budget, step) => {
    const stores = endless(1_000);
    const parts: string[] = [];
    const manifests: Manifest[] = [];
    for (let after: string | undefined; manifests.at(-1)?.complete !== true;) {
      const pieces = exportFindings({
        ...{ ...stores, clock: clock(step), about, budget },
        ...{ format: FORMAT('ndjson'), name: 'ndjson', filter: {} },
        ...(after !== undefined && { after }),
      });
      const lines: string[] = [];
      let last = await pieces.next();
      for (; last.done !== true; last = await pieces.next()) {
        lines.push(...last.value.split('\n').slice(0, -1));
      }
      const manifest = last.value;
      parts.push(...lines);
      manifests.push(manifest);
      after = manifest.next;
    }

    expect(manifests.length).toBeGreaterThan(1);
    expect(new Set(parts.map((line) => (JSON.parse(line) as Finding).id)).size).toBe(1_000);
    expect(manifests[1]).toMatchObject({ after: manifests[0]?.next });
  });

  it('leaves out what changed since the list was written, and counts it', async () => {
    const stores = endless(3);
    const changed: FindingStore = {
      ...stores.findings,
      find: async (id) =>
        id.startsWith('0000000000000001') ? undefined : stores.findings.find(id),
    };
    const pieces = exportFindings({
      ...{ index: stores.index, findings: changed, clock: clock(), about },
      ...{ format: FORMAT('ocsf'), name: 'ocsf', filter: { severity: 'high' } },
    });
    await pieces.next();

    expect((await pieces.next()).value).toMatchObject({ findings: 2, left: 1 });
  });

  it('is not complete when a finding cannot be read', async () => {
    const stores = endless(3);
    const damaged: FindingStore = {
      ...stores.findings,
      find: (id) =>
        id.startsWith('0000000000000001')
          ? Promise.reject(new UnreadableRowError('Findings', 'p', 'f', id))
          : stores.findings.find(id),
    };
    const pieces = exportFindings({
      ...{ index: stores.index, findings: damaged, clock: clock(), about },
      ...{ format: FORMAT('ocsf'), name: 'ocsf', filter: { severity: 'high' } },
    });
    await pieces.next();

    expect((await pieces.next()).value).toMatchObject({
      ...{ findings: 2, unreadable: 1, complete: false },
    });
  });

  it('of nothing is a head and a manifest', async () => {
    const pieces = run(endless(0));

    expect((await pieces.next()).value).toMatch(/^"id",/);
    expect((await pieces.next()).value).toMatchObject({ findings: 0, complete: true });
  });
});
