import { acceptCommand, quarantineCommand } from '../../cli/commands/quarantine';
import { statusCommand } from '../../cli/commands/status';
import { verifyCommand } from '../../cli/commands/verify';
import { coverageCommand } from '../../cli/commands/coverage';
import type { World } from '../../cli/stores';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import { DAY, justAfter, plus, toInstant } from '../../shared/domain/time';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { unreadableRow } from '../contracts/samples';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { VirtualClock } from '../fakes/clock';
import { extendCoverage } from '../fakes/cover';

jest.setTimeout(60_000);

const TENANT_ID = 'de300000-0000-4000-8000-000000000001';
const NOW = toInstant('2026-05-04T09:00:00Z');
const AT = toInstant('2026-05-02T12:40:00Z');
const MFA = 'mfa-registration-unfinished';
const exactly = { from: AT, to: justAfter(AT), detectors: [MFA] };

let azurite: Azurite;
let stores: Stores;
let said: string[];
let world: World;
beforeAll(async () => {
  azurite = await startAzurite();
  const { connection } = azurite;
  stores = tableStores({ connection, tenantId: TENANT_ID, createMissingTables: true });
  const read = { from: plus(NOW, -30 * DAY), to: NOW };
  await extendCoverage(stores.coverage, 'directoryAudits', read, [MFA]);
});
afterAll(async () => {
  await azurite.stop();
});
beforeEach(() => {
  said = [];
  const out = (text: string): number => said.push(text);
  world = {
    terminal: { out, err: out, isInteractive: false, hasColour: false },
    environment: {
      ...{ TENANT_ID, TABLES_CONNECTION: azurite.connection },
      ...{ GRAPH_AUTH: 'none', GRAPH_BASE_URL: 'http://127.0.0.1:1' },
    },
    clock: new VirtualClock(NOW),
  };
});

const olga = (): Promise<string> => Promise.resolve('olga (terminal)');
const text = (): string => said.join('').replace(/\s+/g, ' ');

describe('crosscheck quarantine', () => {
  it('says that there is nothing', async () => {
    expect(await quarantineCommand({}, world)).toBe(0);
    expect(text()).toContain('No gaps of rows that could not be read');
  });

  it('lists gaps until they are accepted, and shows what was', async () => {
    const subject = { type: 'user' as const, id: 'ann-id', name: 'ann\u001b@contoso.com' };
    const source = 'directoryAudits';
    const other = unreadableRow('c', { source, reason: 'the record has no activityDisplayName' });
    const { gap: _none, ...unknown } = other;
    await stores.quarantine.add([
      unreadableRow('a', { source, gap: { ...exactly, subject }, reason: 'result is a number' }),
      unreadableRow('b', { source, gap: exactly }),
      unknown,
    ]);

    expect(await quarantineCommand({}, world)).toBe(1);
    expect(text()).toContain('2 gaps of rows that could not be read');
    expect(text()).toContain(
      'a directoryAudits: ann @contoso.com: a row of 2026-05-02 12:40 UTC about this person could not be read',
    );
    expect(text()).toContain('result is a number, needed by mfa-registration-unfinished');
    expect(text()).toContain('a row of 2026-05-02 12:40 UTC that may be about anybody');
    expect(text()).not.toContain('unknown or unneeded');

    said = [];
    expect(await statusCommand({}, world)).toBe(1);
    expect(text()).toContain('1 about one person each, 1 that may be about anybody');
    expect(text()).toContain('1 about one person each, 1 about anybody, 1 without a gap');

    said = [];
    expect(await acceptCommand('a', { reason: 'asked Ann' }, world, olga)).toBe(0);
    expect(await acceptCommand('b', { reason: 'nobody', json: true }, world, olga)).toBe(0);
    expect(text()).toContain('The gap of a is over, and that stands in the record.');

    await expect(acceptCommand('a', { reason: 'again' }, world, olga)).rejects.toThrow(
      'the gap of a is over already: accepted by olga (terminal), at 2026-05-04 09:00 UTC',
    );
    await expect(acceptCommand('c', { reason: 'why not' }, world, olga)).rejects.toThrow(
      'the row c leaves no gap, so there is nothing to accept',
    );

    said = [];
    expect(await quarantineCommand({ all: true, json: true }, world)).toBe(0);
    expect(JSON.parse(said.join(''))).toMatchObject({
      asOf: NOW,
      rows: [
        { id: 'c', isOpen: false },
        { id: 'a', isOpen: false, ended: { how: 'accepted', by: 'olga (terminal)' } },
        { id: 'b', isOpen: false },
      ],
    });

    said = [];
    await coverageCommand({}, world);
    expect(text()).toContain('accepted 2026-05-04 09:00 UTC by olga (terminal): asked Ann');
    expect(text()).toContain('1 row of unknown or unneeded kind, no gap');

    said = [];
    await verifyCommand({ json: true }, world);
    expect(JSON.parse(said.join(''))).toMatchObject({ tamperings: [], looked: { rules: 2 } });
    expect(await stores.rules.everyStep()).toMatchObject([
      { by: 'olga (terminal)', rule: { kind: 'acceptance', row: 'a' } },
      { by: 'olga (terminal)', rule: { kind: 'acceptance', row: 'b' } },
    ]);
  });

  it('takes back nothing, and nothing without a reason', async () => {
    await expect(acceptCommand('a', {}, world, olga)).rejects.toThrow('--reason is needed');
    await expect(acceptCommand('a', { reason: 'x' }, world, olga)).rejects.toMatchObject({
      exitCode: 2,
    });
    await expect(acceptCommand('x', { reason: 'x' }, world, olga)).rejects.toThrow(
      'there is no gap x in the quarantine; list them with: crosscheck quarantine',
    );
  });
});
