import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { graphSource } from '../../shared/adapters/graph/graph-source';
import { Limiter } from '../../shared/adapters/graph/limiter';
import { memoryStores } from '../fakes/memory-stores';
import { systemClock } from '../../shared/adapters/system-clock';
import { configureDetectors } from '../../shared/config/detectors';
import { toInstant } from '../../shared/domain/time';
import { collectPages } from '../../shared/pipeline/reading/collect-pages';
import { keep } from '../../shared/pipeline/findings/keep';
import { wantedBy } from '../../shared/pipeline/findings/select';
import { signInPage } from './sign-ins';

const PAGE = 1_000;

/** Seconds for `fetch` and `res.json()` of all pages, and for the whole read path over the same pages. */
export async function measureReadPath(
  pages: number,
  every: number,
): Promise<{ bare: number; whole: number; rows: number }> {
  const bodies = Array.from({ length: pages }, (_, i) => signInPage(i, PAGE, every));
  const server = createServer((request, response) => {
    const n = Number(/skiptoken=(\d+)/.exec(request.url ?? '')?.[1] ?? 0);
    const { port } = server.address() as AddressInfo;
    const next = `"@odata.nextLink":"http://127.0.0.1:${port}/v1.0/auditLogs/signIns?$skiptoken=${n + 1}",`;
    response.setHeader('Content-Type', 'application/json');
    response.end(n + 1 < pages ? `{${next}${(bodies[n] ?? '').slice(1)}` : bodies[n]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const first = new URL('/v1.0/auditLogs/signIns', baseUrl).href;
    await bareRead(first); // connections and caches are warm for both
    const bare = await bareRead(first);
    const started = process.hrtime.bigint();
    const detectors = configureDetectors({}).map(({ detector }) => detector);
    const records = graphSource({
      ...{ baseUrl, getToken: undefined, fetch, clock: systemClock, random: Math.random },
      limiter: new Limiter(systemClock, 1_000_000),
    });
    const january = {
      from: toInstant('2026-01-01T00:00:00Z'),
      to: toInstant('2026-02-01T00:00:00Z'),
    };
    const read = await collectPages(records.read(january, wantedBy(detectors, 'signIns')), {
      ...{ tenantId: 'bench', detectors },
    });
    await keep(memoryStores(), read.selection);
    const whole = Number(process.hrtime.bigint() - started) / 1e9;
    return { bare, whole, rows: read.rows };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function bareRead(first: string): Promise<number> {
  const started = process.hrtime.bigint();
  let next: string | undefined = first;
  while (next !== undefined) {
    const response = await fetch(next);
    next = ((await response.json()) as Record<string, string | undefined>)['@odata.nextLink'];
  }
  return Number(process.hrtime.bigint() - started) / 1e9;
}
