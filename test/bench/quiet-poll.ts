import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { graphSource } from '../../shared/adapters/graph/graph-source';
import { Limiter } from '../../shared/adapters/graph/limiter';
import { systemClock } from '../../shared/adapters/system-clock';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import { configureDetectors } from '../../shared/config/detectors';
import { HOUR } from '../../shared/domain/time';
import { KnownSignals } from '../../shared/pipeline/reading/known-signals';
import { pollSource } from '../../shared/pipeline/poll';
import type { Reader } from '../../shared/pipeline/reading/read-source';
import { feedsFor } from '../../shared/pipeline/findings/select';
import { watchSources } from '../../shared/pipeline/reading/watch-sources';
import { startAzurite } from '../fakes/azurite';
import { LOGS } from '../../shared/sources';

interface Counts {
  readonly requests: number;
  readonly operations: number;
}

/**
 * Graph requests and storage operations of a poll of both logs: by a warm process when nothing new happens, and of the
 * very first, with the rows that it read. The watch over how the logs are read is part of a poll.
 */
export async function countPolls(): Promise<{
  quiet: Counts;
  first: Counts & { readonly rows: number };
  /** The kinds of rows that are asked for each by itself. */
  feeds: number;
}> {
  const azurite = await startAzurite();
  try {
    const tenantId = 'de300000-0000-4000-8000-000000000001';
    const tenant = createDemoTenant({ tenantId, now: () => systemClock.now() });
    let requests = 0;
    let operations = 0;
    const stores = tableStores({
      connection: azurite.connection,
      tenantId,
      createMissingTables: true,
      onOperation: () => (operations += 1),
    });
    const known = new KnownSignals();
    const detectors = configureDetectors({});
    const feeds = LOGS.flatMap((source) =>
      feedsFor(
        detectors.map(({ detector }) => detector),
        source,
      ),
    );
    const poll = async (): Promise<number> => {
      let rows = 0;
      for (const source of LOGS) {
        const reader: Reader = {
          ...{ source, tenantId, stores, clock: systemClock, detectors },
          records: graphSource({
            baseUrl: new URL('http://127.0.0.1'),
            getToken: undefined,
            fetch: (url, init) => tenant.handle(new Request(url, init)),
            clock: systemClock,
            random: Math.random,
            limiter: new Limiter(systemClock, 1_000),
            onRequest: () => (requests += 1),
          }),
          initialLookback: 24 * HOUR,
          known,
        };
        const { read } = await pollSource(reader, {
          watch: (known) =>
            watchSources({
              ...{ tenantId, feeds, stores, clock: systemClock, standstill: 3 * HOUR, known },
            }),
        });
        rows += read.rows;
      }
      return rows;
    };
    const rows = await poll();
    const first = { rows, requests, operations };
    await poll(); // what the first one left due
    requests = 0;
    operations = 0;
    await poll();
    return { quiet: { requests, operations }, first, feeds: requests };
  } finally {
    await azurite.stop();
  }
}
