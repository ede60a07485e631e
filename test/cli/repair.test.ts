import { tableStores } from '../../shared/adapters/tables/table-stores';
import { repairCommand } from '../../cli/repair';
import { collect, finding, opening, timeline } from '../contracts/samples';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { VirtualClock } from '../fakes/clock';
import { linesAgree } from '../fakes/lines';
import { END } from '../fakes/stories';

jest.setTimeout(60_000);
const TENANT_ID = '11111111-2222-4333-8444-555555555555';

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

describe('crosscheck repair', () => {
  it('mends the lists, says how much, and then finds nothing to do', async () => {
    const { connection } = azurite;
    const stores = tableStores({ connection, tenantId: TENANT_ID, createMissingTables: true });
    const kept = opening(finding(timeline('Mary').id, 'kept'));
    await stores.findings.commit(kept, undefined);
    await stores.index.put(finding(timeline('Mary').id, 'gone'));
    const run = async (json: boolean): Promise<string> => {
      const told: string[] = [];
      const code = await repairCommand(
        { json },
        {
          terminal: {
            out: (text) => told.push(text),
            err: (text) => told.push(text),
            ...{ isInteractive: false, hasColour: false },
          },
          environment: {
            ...{ TENANT_ID, GRAPH_AUTH: 'azure-cli', TABLES_CONNECTION: connection },
          },
          clock: new VirtualClock(END),
        },
      );
      expect(code).toBe(0);
      return told.join('');
    };

    expect(await run(false)).toBe(
      '1 finding and 2 rows of the lists were compared: 1 added, 0 corrected, 1 removed; 1 added to the counts per day\n',
    );
    await linesAgree(stores);
    expect(await collect(stores.index.rows())).toHaveLength(2);
    expect(await run(false)).toBe(
      '1 finding and 2 rows of the lists were compared: the lists are right\n',
    );
    expect(JSON.parse(await run(true))).toEqual({
      ...{ findings: 1, rows: 2, added: 0, corrected: 0, removed: 0, counted: 0, unreadable: 0 },
      damagedRows: { rebuilt: [], gaps: [], left: [] },
    });
  });
});
