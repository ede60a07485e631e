import { TableClient } from '@azure/data-tables';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { repair } from '../../shared/pipeline/audit-trail/repair';
import { addCommand, listCommand, removeCommand, type AddOptions } from '../../cli/commands/rules';
import { verifyCommand } from '../../cli/commands/verify';
import { DAY, HOUR, plus } from '../../shared/domain/time';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { VirtualClock } from '../fakes/clock';
import { buildRecord, FIRST_DAY } from '../fakes/record';

jest.setTimeout(60_000);

const TENANT_ID = 'de300000-0000-4000-8000-000000000001';

let azurite: Azurite;
let stores: Stores;
let said: string[];
let world: Parameters<typeof addCommand>[2];
beforeAll(async () => {
  azurite = await startAzurite();
  const { connection } = azurite;
  stores = tableStores({ connection, tenantId: TENANT_ID, createMissingTables: true });
  await buildRecord(stores);
  await repair({ stores });
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
    clock: new VirtualClock(plus(FIRST_DAY, 45 * DAY)),
  };
});

const RULE: AddOptions = {
  ...{ detector: 'mfa-registration-unfinished', subject: 'user-7', owner: 'olga' },
  ...{ reason: 'lab account', expires: '30d', fact: ['method=sms', 'n=2'] },
};
const json = (): Record<string, unknown> => JSON.parse(said.join('')) as Record<string, unknown>;

const eve = (): Promise<string> => Promise.resolve('eve');

describe('crosscheck suppress', () => {
  it('adds, lists and removes a rule', async () => {
    expect(await addCommand('suppression', { ...RULE, json: true }, world, eve)).toBe(0);
    const { id, scope } = json() as { id: string; scope: unknown };
    expect(scope).toEqual({
      ...{ detector: 'mfa-registration-unfinished', subjectId: 'user-7' },
      facts: { method: 'sms', n: 2 },
    });
    said = [];
    await listCommand('suppression', {}, world);
    expect(said.join('')).toMatch(
      new RegExp(`${id} .*user-7, method=sms, n=2 .*olga .*lab account`),
    );
    said = [];

    expect(await removeCommand('suppression', id, { reason: 'gone' }, world, eve)).toBe(0);

    expect(said.join('')).toContain('is removed; what is still open is alerted once');
    said = [];
    await listCommand('suppression', { all: true }, world);
    expect(said.join('')).toMatch(/removed 2026-03-18 09:00 UTC by eve: gone/);
    said = [];
    await listCommand('suppression', { all: true, json: true }, world);
    expect(json()['rules']).toContainEqual(expect.objectContaining({ id, isInForce: false }));
  });

  it('says in words what it did', async () => {
    await addCommand('suppression', { ...RULE, reason: 'x\u001b[31m' }, world);

    expect(said.join('')).toMatch(/^Rule [0-9a-f]{12} holds until 2026-04-17 09:00 UTC: /);
    said = [];
    await listCommand('suppression', {}, world);
    expect(said.join('')).not.toContain('\u001b');
    expect(said.join('')).toMatch(/ by \S+@\S+ \(terminal\)/);
  });

  it.each<[string, AddOptions, RegExp]>([
    ['no owner', { ...RULE, owner: ' ' }, /--owner is needed: who answers for it/],
    ['no reason', { ...RULE, reason: '' }, /--reason is needed/],
    ['no expiry', { owner: 'o', reason: 'r' }, /--expires is needed/],
    [
      'an expiry that is no time',
      { ...RULE, expires: 'soon' },
      /--expires takes a duration like 30d/,
    ],
    [
      'an expiry that is past',
      { ...RULE, expires: '2020-01-01T00:00:00Z' },
      /over before it begins/,
    ],
    ['a detector that is none', { ...RULE, detector: 'x' }, /--detector takes one of .*, not "x"/],
    ['a fact that is none', { ...RULE, fact: ['x'] }, /--fact takes name=value/],
    [
      'everything',
      { owner: 'o', reason: 'r', expires: '1d' },
      /would switch alerting off; give --detector/,
    ],
  ])('refuses %s', async (_what, options, message) => {
    await expect(addCommand('suppression', options, world)).rejects.toThrow(message);
    await expect(addCommand('suppression', options, world)).rejects.toMatchObject({ exitCode: 2 });
  });

  it('refuses to remove what is not there', async () => {
    const remove = removeCommand('suppression', 'x', { reason: 'r' }, world);

    await expect(remove).rejects.toThrow(
      /there is no rule x; list them with: crosscheck suppress list/,
    );
  });
});

describe('crosscheck hold', () => {
  it('adds, lists and removes a hold', async () => {
    const finding = `${'0'.repeat(16)}-${'1'.repeat(12)}`;
    await addCommand('hold', { finding, owner: 'law', reason: 'case 7' }, world);
    expect(said.join('')).toMatch(
      /^Hold [0-9a-f]{12} holds: finding 0{16}-1{12}\nWhat it speaks of is not purged/,
    );
    const id = /Hold (\w+)/.exec(said.join(''))![1]!;
    said = [];
    await listCommand('hold', {}, world);
    expect(said.join('')).toContain('until removed');
    said = [];

    await removeCommand('hold', id, { reason: 'closed' }, world);

    expect(said.join('')).toContain('may be purged when it is old enough');
  });

  it('says that a step cannot be read, and lists the others', async () => {
    const hold = async (subject: string): Promise<string> => {
      said = [];
      const given = { subject, owner: 'law', reason: 'case 8', json: true };
      await addCommand('hold', given, world, eve);
      return json()['id'] as string;
    };
    const [spoilt, sound] = [await hold('user-8'), await hold('user-9')];
    const steps = TableClient.fromConnectionString(azurite.connection, 'Findings', {
      allowInsecureConnection: true,
    });
    const key = { partitionKey: `${TENANT_ID}|rules`, rowKey: `s|${spoilt}|000001` };
    const { json: text } = await steps.getEntity<{ json: string }>(key.partitionKey, key.rowKey);
    await steps.updateEntity({ ...key, json: '{' }, 'Merge');
    said = [];

    expect(await listCommand('hold', {}, world)).toBe(1);
    expect(said.join('')).toContain(sound);
    expect(said.join('')).toMatch(/1 step of rules or holds cannot be read.*crosscheck verify/);
    await expect(removeCommand('hold', spoilt, { reason: 'over' }, world, eve)).rejects.toThrow(
      /cannot be read; run: crosscheck verify/,
    );

    await steps.updateEntity({ ...key, json: text }, 'Merge');
    for (const id of [spoilt, sound]) {
      await removeCommand('hold', id, { reason: 'over' }, world, eve);
    }
  });

  it('refuses an id that is none', async () => {
    const options = { finding: 'x', owner: 'o', reason: 'r' };

    await expect(addCommand('hold', options, world)).rejects.toThrow(/--finding takes the id/);
  });
});

describe('crosscheck verify', () => {
  beforeEach(() => {
    // An hour after what moved last.
    world = { ...world, clock: new VirtualClock(plus(FIRST_DAY, 42 * DAY + 3 * HOUR)) };
  });

  it('says that the record is what was written', async () => {
    expect(await verifyCommand({}, world)).toBe(0);

    expect(said.join('')).toMatch(/^The record is what was written\.\n/);
    expect(said.join('')).toMatch(
      /Looked at \d+ findings, \d+ transitions, \d+ rules and holds, 45 seals, 1 purges, 0 copies\./,
    );
    expect(said.join('')).toContain('Sealed to 2026-03-15 00:00 UTC');
    expect(said.join('')).toContain('note: no container is configured (SEAL_CONTAINER)');
  });

  it('prints JSON, of a range', async () => {
    expect(await verifyCommand({ json: true, from: '2026-03-14', to: '2026-03-15' }, world)).toBe(
      0,
    );

    expect(json()).toMatchObject({ isSound: true, tamperings: [], looked: { findings: 3 } });
  });

  it('names what was altered and fails', async () => {
    const changed = await firstOf(stores);
    const { finding, etag } = changed;
    await stores.findings.commit({ finding: { ...finding, status: 'acknowledged' } }, etag);

    expect(await verifyCommand({}, world)).toBe(1);

    expect(said.join('')).toMatch(/^The record was tampered with\.\n {2}changed: Findings /);
    expect(said.join('')).toContain(finding.id.slice(17));
    const now = (await stores.findings.find(finding.id))!.etag;
    await stores.findings.commit({ finding }, now);
  });

  it.each([
    ['a time to come', { from: '2999-01-01' }, {}, 'the range begins at 2999-01-01'],
    [
      'another tenant',
      {},
      { TENANT_ID: '00000000-0000-4000-8000-00000000ffff' },
      'nothing was found to check',
    ],
  ])('does not call sound what is not there: %s', async (_what, options, other, says) => {
    const environment = { ...world.environment, ...other };

    expect(await verifyCommand(options, { ...world, environment })).toBe(1);

    const text = said.join('').replace(/\s+/g, ' ');
    expect(text).toMatch(/^The record could not be looked at whole\. /);
    expect(text).toContain(says);
  });

  it('fails when it cannot look at the copies', async () => {
    const environment = {
      ...world.environment,
      SEAL_CONTAINER: 'http://127.0.0.1:1/account/seals?sig=x',
    };

    expect(await verifyCommand({}, { ...world, environment })).toBe(1);

    expect(said.join('')).toMatch(
      /^The record could not be looked at whole\.\n {2}not seen: the copies of the/,
    );
  });

  it.each<[object, RegExp]>([
    [{ from: 'x' }, /--from takes a day like 2026-01-31 or a time/],
    [{ to: '2026-02-30' }, /--to takes a day/],
    [{ from: '2026-02-02', to: '2026-02-01' }, /--to must lie after from/],
    [{ from: '2026-02-01', to: '2026-02-01' }, /--to must lie after from/],
  ])('refuses %j', async (options, message) => {
    await expect(verifyCommand(options, world)).rejects.toThrow(message);
  });
});

async function firstOf(
  of: Stores,
): Promise<NonNullable<Awaited<ReturnType<Stores['findings']['find']>>>> {
  for await (const { id } of of.findings.all()) {
    return (await of.findings.find(id))!;
  }
  throw new Error('there is no finding');
}
