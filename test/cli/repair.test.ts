import { tableStores } from '../../shared/adapters/tables/table-stores';
import { repairCommand, type RepairOptions } from '../../cli/commands/repair';
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
  it('fixes the lists, keeps the only trace of what is gone until told to forget it, and then finds nothing to do', async () => {
    const { connection } = azurite;
    const stores = tableStores({ connection, tenantId: TENANT_ID, createMissingTables: true });
    const kept = opening(finding(timeline('Mary').id, 'kept'));
    await stores.findings.commit(kept, undefined);
    const gone = finding(timeline('Mary').id, 'gone');
    await stores.index.put(gone);
    const run = async (options: RepairOptions, expected = 0): Promise<string> => {
      const told: string[] = [];
      const code = await repairCommand(options, {
        terminal: {
          out: (text) => told.push(text),
          err: (text) => told.push(text),
          ...{ isInteractive: false, hasColour: false },
        },
        environment: {
          ...{ TENANT_ID, GRAPH_AUTH: 'azure-cli', TABLES_CONNECTION: connection },
        },
        clock: new VirtualClock(END),
      });
      expect(code).toBe(expected);
      return told.join('');
    };

    const kind = await run({}, 1);
    expect(kind).toContain('1 added, 0 corrected, 0 removed; 1 added to the counts per day\n');
    expect(kind).toContain('the lists told of 1 finding that is gone');
    expect(kind).toContain(`\n  ${gone.id}: opened `);
    expect(kind).toContain('These lines stay, as evidence. Run: crosscheck verify.');
    expect(await collect(stores.index.rows())).toHaveLength(4);
    const forgetting = await run({ forget: true }, 1);
    expect(forgetting).toContain('0 added, 0 corrected, 1 removed\n');
    expect(forgetting).toContain(
      'These lines were taken away, as --forget says; a copy of each is in the table Quarantine.',
    );
    await linesAgree(stores);
    expect(await collect(stores.index.rows())).toHaveLength(2);
    expect(await run({})).toBe(
      '1 finding and 2 rows of the lists were compared: the lists are right\n',
    );
    expect(JSON.parse(await run({ json: true }))).toEqual({
      ...{ findings: 1, rows: 2, added: 0, corrected: 0, removed: 0, counted: 0, unreadable: 0 },
      ...{ recounted: 0, untold: 0 },
      lost: [],
      damagedRows: { rebuilt: [], gaps: [], left: [] },
    });
  });
});
