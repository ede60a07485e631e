import { resendCommand } from '../../cli/commands/resend';
import { statusCommand } from '../../cli/commands/status';
import type { World } from '../../cli/stores';
import { systemClock } from '../../shared/adapters/system-clock';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import type { Finding } from '../../shared/domain/findings/finding';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { about, TENANT, write } from '../functions/api-host';
import { putAlert, readAlert } from '../fakes/put-alert';

jest.setTimeout(60_000);

let azurite: Azurite;
let stores: Stores;
let mary: Finding;
beforeAll(async () => {
  azurite = await startAzurite();
  stores = tableStores({
    ...{ connection: azurite.connection, tenantId: TENANT, createMissingTables: true },
  });
  mary = await write(stores, about('Mary'));
}, 60_000);
afterAll(() => azurite.stop());

const desk = (): World & { out: () => string; err: () => string } => {
  const [out, err]: [string[], string[]] = [[], []];
  return {
    environment: {
      TENANT_ID: TENANT,
      GRAPH_AUTH: 'none',
      GRAPH_BASE_URL: 'http://127.0.0.1:9',
      TABLES_CONNECTION: azurite.connection,
    },
    clock: systemClock,
    terminal: {
      out: (text) => out.push(text),
      err: (text) => err.push(text),
      isInteractive: false,
      hasColour: false,
    },
    out: () => out.join(''),
    err: () => err.join(''),
  };
};

describe('crosscheck status and resend', () => {
  const giveUp = async (): Promise<string> => {
    const id = `${mary.id}-1`;
    await putAlert(stores.outbox, id, 'dead', { attempts: 3, reason: 'no\nanswer' });
    return id;
  };

  it('name what is wrong and what nobody was told of, and owe it again', async () => {
    const id = await giveUp();
    const world = desk();

    expect(await statusCommand({}, world)).toBe(1);
    expect(world.out()).toContain('signIns was never read');
    expect(world.out()).toMatch(/^ {2}signIns +never +never$/m);
    expect(world.out()).toContain('  alerts: 0 waiting, 1 given up, 0 without a channel\n');
    expect(world.out()).toContain(`    ${id} opened over teams, dead: no answer\n`);

    const again = desk();
    expect(await resendCommand(id, {}, again)).toBe(0);
    expect(again.out()).toBe(
      `Alert ${id} is queued for delivery and goes out with the next one.\n`,
    );
    expect(await readAlert(stores.outbox, id)).toMatchObject({ state: 'waiting', attempts: 0 });
    await expect(resendCommand(id, {}, desk())).rejects.toMatchObject({ exitCode: 2 });
  });

  it('speak JSON', async () => {
    const id = await giveUp();
    const [status, resent] = [desk(), desk()];

    await statusCommand({ json: true }, status);
    await resendCommand(id, { json: true }, resent);

    expect(JSON.parse(status.out())).toMatchObject({
      status: 'degraded',
      alerts: { dead: 1, channels: [{ channel: 'teams', dead: 1 }] },
    });
    expect(JSON.parse(resent.out())).toMatchObject({ id, channels: ['teams'], state: 'waiting' });
  });

  it('know when there is no such alert, or no id at all', async () => {
    await expect(resendCommand(`${mary.id}-9`, {}, desk())).rejects.toThrow(
      `there is no alert ${mary.id}-9; status lists`,
    );
    await expect(resendCommand('x', {}, desk())).rejects.toThrow(/takes the id of an alert/);
  });
});
