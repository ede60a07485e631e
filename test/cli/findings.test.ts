import { TableClient } from '@azure/data-tables';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decideCommand } from '../../cli/commands/decide';
import { exportCommand } from '../../cli/commands/export';
import { UsageError } from '../../cli/exit';
import { findingsCommand, showCommand } from '../../cli/commands/findings';
import type { World } from '../../cli/stores';
import { whoIsHere } from '../../cli/who';
import { systemClock } from '../../shared/adapters/system-clock';
import { tableStores } from '../../shared/adapters/tables/table-stores';
import type { Finding } from '../../shared/domain/findings/finding';
import { FindingNotFoundError } from '../../shared/pipeline/findings/decide';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { minutes } from '../contracts/samples';
import { startAzurite, type Azurite } from '../fakes/azurite';
import { folderWith } from '../fakes/folder';
import { about, TENANT, write } from '../functions/api-host';

jest.setTimeout(60_000);

const HOSTILE = '=cmd\u0000\u001b[31m\u009b\u202e<script>alert(1)</script>\r\n"';
const ME = (): Promise<string> => Promise.resolve('me@desk (terminal)');

let azurite: Azurite;
let stores: Stores;
let mary: Finding;
let zoe: Finding;
beforeAll(async () => {
  azurite = await startAzurite();
  stores = tableStores({
    ...{ connection: azurite.connection, tenantId: TENANT, createMissingTables: true },
  });
  mary = await write(
    stores,
    about('Mary', {
      ...{ title: HOSTILE, summary: HOSTILE, facts: { fact: HOSTILE } },
      subject: { type: 'user', id: 'id-of-Mary', name: `Mary${HOSTILE}` },
      evidence: [
        { source: 'signIns', eventId: HOSTILE, at: minutes(0), kind: HOSTILE, what: HOSTILE },
      ],
    }),
  );
  zoe = await write(stores, about('Zoë', { severity: 'low', openedAt: minutes(500) }));
}, 60_000);
afterAll(() => azurite.stop());

/** A terminal that remembers. */
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

/** Line feeds are ours; everything else that acts on a terminal is not. */
// eslint-disable-next-line no-control-regex -- what must not be there
const ACTS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

describe('crosscheck findings', () => {
  it.each([
    [{}, ['Zoë', 'Mary']],
    [{ severity: 'low' }, ['Zoë']],
    [{ name: 'mary' }, ['Mary']],
    [{ subject: 'id-of-Mary' }, ['Mary']],
    [{ from: '2026-02-01' }, ['Zoë']],
    [{ to: '2026-02-01', status: 'open' }, ['Mary']],
    [{ text: 'CMD' }, ['Mary']],
    [{ suppressed: 'true' }, []],
    [{ top: '1' }, ['Zoë']],
  ])('%j lists %j', async (options, names) => {
    const world = desk();

    expect(await findingsCommand(options, world)).toBe(0);

    const rows = world.out().split('\n').slice(2, -1);
    expect(rows.map((row) => ['Zoë', 'Mary'].find((name) => row.includes(name)))).toEqual(names);
    expect(world.out()).not.toMatch(ACTS);
  });

  it.each([
    ['json', (text: string) => (JSON.parse(text) as { findings: Finding[] }).findings[1]?.title],
    ['csv', (text: string) => /'=cmd {2}\[31m {2}<script>/.exec(text) && HOSTILE],
  ])('--%s holds the whole of it, and nothing acts on the terminal', async (format, title) => {
    const world = desk();

    await findingsCommand({ [format]: true }, world);

    expect(title(world.out())).toBe(HOSTILE);
    expect(world.out()).not.toMatch(ACTS);
  });

  it.each([
    [
      'a time to come',
      { from: '2999-01-01' },
      {},
      /--from is 2999-01-01T00:00:00.0000000Z, which is still to come/,
    ],
    [
      'another tenant',
      {},
      { TENANT_ID: '00000000-0000-4000-8000-00000000ffff' },
      /Is TENANT_ID right/,
    ],
  ])('says that there was nothing to look at: %s', async (_what, options, other, says) => {
    const world = desk();
    const environment = { ...world.environment, ...other };

    for (const format of [{}, { json: true }, { csv: true }]) {
      const asked = { ...options, ...format };
      expect(await findingsCommand(asked, { ...world, environment })).toBe(1);
    }

    expect(world.err()).toMatch(says);
  });

  it('says nothing of what only an analysis knows', async () => {
    const world = desk();

    await findingsCommand({ json: true }, world);

    expect(Object.keys(JSON.parse(world.out()) as object)).toEqual(['asOf', 'read', 'findings']);
  });

  it('says that there is no such detector', async () => {
    const world = desk();

    expect(await findingsCommand({ detector: 'other' }, world)).toBe(0);
    await findingsCommand({ detector: 'log-reading' }, world);

    expect(world.err()).toMatch(
      /^crosscheck: --detector other names no detector; there are .*eas-.*, log-reading\n$/,
    );
  });

  it('refuses a stretch in which nothing can lie', async () => {
    const day = { from: '2026-02-01', to: '2026-02-01' };

    await expect(findingsCommand(day, desk())).rejects.toThrow('--to must lie after from');
    await expect(exportCommand({ ...day, format: 'csv' }, desk())).rejects.toThrow('--to must');
  });

  it('names every option that is wrong', async () => {
    const wrong = findingsCommand({ status: 'closed', from: 'once', severity: 'worst' }, desk());

    await expect(wrong).rejects.toThrow(UsageError);
    await expect(wrong).rejects.toThrow(/--status takes one of[^]*--severity[^]*--from/);
    await expect(findingsCommand({ top: 'many' }, desk())).rejects.toThrow('--top');
    await expect(findingsCommand({ json: true, csv: true }, desk())).rejects.toThrow(
      '--json and --csv contradict each other',
    );
  });
});

describe('crosscheck show', () => {
  it.each([{}, { json: true }])('%j shows evidence and history harmlessly', async (options) => {
    const world = desk();

    expect(await showCommand(mary.id, options, world)).toBe(0);

    expect(world.out()).not.toMatch(ACTS);
    expect(world.out()).toContain('opened');
  });

  it('says that there is none', async () => {
    const world = desk();

    expect(await showCommand('0123456789abcdef-ffffffffffff', {}, world)).toBe(1);

    expect(world.err()).toContain('there is no finding');
    await expect(showCommand(HOSTILE, {}, desk())).rejects.toThrow(
      new UsageError('the id takes the id of a finding: 16 and 12 hexadecimal digits'),
    );
  });
});

describe('crosscheck ack, resolve and reopen', () => {
  it('write down who, what and why', async () => {
    const world = desk();
    await decideCommand('acknowledge', zoe.id, { note: HOSTILE }, world, ME);
    await decideCommand('resolve', zoe.id, { reason: 'accepted', note: 'Known.' }, world, ME);
    await showCommand(zoe.id, {}, world);
    await decideCommand('reopen', zoe.id, {}, world, ME);

    expect(world.out()).toContain('resolved (by-person) by me@desk (terminal), accepted: Known.');
    expect(world.out()).not.toMatch(ACTS);
    expect((await stores.findings.history(zoe.id)).map(({ verb, by }) => [verb, by])).toEqual([
      ['opened', 'crosscheck'],
      ['acknowledged', 'me@desk (terminal)'],
      ['resolved', 'me@desk (terminal)'],
      ['reopened', 'me@desk (terminal)'],
    ]);
  });

  it.each([
    ['no reason', zoe_(), {}, '--reason'],
    ['an unknown reason', zoe_(), { reason: 'bored' }, '--reason takes one of'],
    ['a note beyond measure', zoe_(), { reason: 'fixed', note: 'x'.repeat(1_001) }, '--note'],
    ['no id', 'x', { reason: 'fixed' }, 'the id takes'],
  ])('refuse %s', async (_, id, options, message) => {
    await expect(decideCommand('resolve', id, options, desk(), ME)).rejects.toThrow(message);
  });

  it('show as JSON what was decided', async () => {
    const world = desk();

    await decideCommand('acknowledge', zoe.id, { json: true }, world, ME);

    expect(JSON.parse(world.out())).toMatchObject({ id: zoe.id, status: 'acknowledged' });
  });

  it('refuse, as wrong usage, what would change nothing', async () => {
    await expect(decideCommand('reopen', mary.id, {}, desk(), ME)).rejects.toMatchObject({
      message: `finding ${mary.id} is open already`,
      exitCode: 2,
    });
  });

  it('know when there is none', async () => {
    await expect(
      decideCommand('acknowledge', '0123456789abcdef-ffffffffffff', {}, desk(), ME),
    ).rejects.toThrow(FindingNotFoundError);
  });

  it('take the name of az login only where Graph is read as them', async () => {
    const az = (): Promise<string> => Promise.resolve('alice@example.com');

    expect(await whoIsHere({ GRAPH_AUTH: 'azure-cli' }, az)).toBe('alice@example.com (az login)');
    expect(await whoIsHere({ GRAPH_AUTH: 'none' }, az)).toMatch(/@.+ \(terminal\)$/);
    const broken = (): Promise<string> => Promise.reject(new Error('no az'));
    expect(await whoIsHere({ GRAPH_AUTH: 'azure-cli' }, broken)).toMatch(/ \(terminal\)$/);
  });
});

describe('crosscheck export', () => {
  it('writes a file that only its owner reads, and the manifest beside it', async () => {
    const out = join(folderWith({}), 'findings.csv');

    expect(await exportCommand({ format: 'csv', out }, desk(), ME)).toBe(0);

    const text = readFileSync(out, 'utf8');
    const manifest = JSON.parse(readFileSync(`${out}.manifest.json`, 'utf8')) as object;
    expect(manifest).toMatchObject({
      ...{ findings: 2, complete: true, requestedBy: 'me@desk (terminal)', format: 'csv' },
      sha256: createHash('sha256').update(text).digest('hex'),
    });
    expect(text.split('\n')).toHaveLength(4);
    expect([statSync(out).mode & 0o777, existsSync(`${out}.part`)]).toEqual([0o600, false]);
  });

  it('writes to standard output, and the manifest to standard error', async () => {
    const world = desk();

    await exportCommand({ format: 'ndjson', severity: 'high' }, world, ME);

    expect((JSON.parse(world.out()) as Finding).id).toBe(mary.id);
    expect(JSON.parse(world.err())).toMatchObject({ filter: { severity: 'high' }, findings: 1 });
    expect(world.out()).not.toMatch(ACTS);
  });

  it('refuses an unknown format and a place where nothing can be written', async () => {
    await expect(exportCommand({ format: 'pdf' }, desk(), ME)).rejects.toThrow('csv, ndjson, ocsf');
    const out = '/nowhere/at/all.csv';
    await expect(exportCommand({ format: 'csv', out }, desk(), ME)).rejects.toThrow('ENOENT');
  });
});

/** The id of Zoë's finding, known before it is written. */
function zoe_(): string {
  return about('Zoë').id;
}

// The last: it spoils a row.
describe('a finding that cannot be read', () => {
  beforeAll(async () => {
    const [timeline, anchor] = zoe.id.split('-');
    const { connection } = azurite;
    await TableClient.fromConnectionString(connection, 'Findings', {
      allowInsecureConnection: true,
    }).updateEntity(
      { partitionKey: `${TENANT}|${timeline}`, rowKey: `f|${anchor}`, json: '{' },
      'Merge',
    );
  });

  it('is left out and named by findings --json and export', async () => {
    const [list, file] = [desk(), desk()];

    expect(await findingsCommand({ json: true }, list)).toBe(1);
    expect(await exportCommand({ format: 'csv' }, file, ME)).toBe(1);

    expect((JSON.parse(list.out()) as { findings: Finding[] }).findings).toHaveLength(1);
    expect(list.err()).toMatch(/^crosscheck: the row Findings \S+ \S+ cannot be read; run: /);
    expect(file.out()).toContain(mary.id);
    expect(file.err()).toContain('"unreadable":1');
    expect(file.err()).toContain('1 finding cannot be read and left out; run: crosscheck verify');
  });

  it('ends show and acknowledge with a sentence', async () => {
    await expect(showCommand(zoe.id, {}, desk())).rejects.toThrow('cannot be read; run:');
    await expect(decideCommand('acknowledge', zoe.id, {}, desk(), ME)).rejects.toThrow(
      'cannot be read; run:',
    );
  });
});
