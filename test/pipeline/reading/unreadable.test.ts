import { TableClient } from '@azure/data-tables';
import { exportFormat } from '../../../shared/adapters/export/formats';
import { tableStores } from '../../../shared/adapters/tables/table-stores';
import type { Finding } from '../../../shared/domain/findings/finding';
import { DAY, HOUR, plus } from '../../../shared/domain/time';
import { drainMarks } from '../../../shared/pipeline/findings/assess';
import { deliverAlerts } from '../../../shared/pipeline/delivery/deliver';
import { exportFindings, type Manifest } from '../../../shared/pipeline/queries/export-findings';
import { health } from '../../../shared/pipeline/queries/health';
import { UnreadableRowError } from '../../../shared/pipeline/ports/unreadable-row';
import type { Post } from '../../../shared/pipeline/ports/channel';
import type { Stores } from '../../../shared/pipeline/ports/stores';
import { repair } from '../../../shared/pipeline/audit-trail/repair';
import { purgeExpired } from '../../../shared/pipeline/audit-trail/retention';
import { addRule } from '../../../shared/pipeline/findings/rules';
import { sealRecord } from '../../../shared/pipeline/audit-trail/seal';
import { collect } from '../../contracts/samples';
import { startAzurite, type Azurite } from '../../fakes/azurite';
import { VirtualClock } from '../../fakes/clock';
import { deviceAdded, minutes } from '../../fakes/records';
import { configured, deliver, drain, reassess, TENANT, type Runner } from '../../fakes/run';
import { END, inOrder, PLAIN } from '../../fakes/stories';
import { marked } from '../../fakes/marked';

jest.setTimeout(60_000);

const RECORDS = ['ann', 'ben', 'eve'].map((user) =>
  deviceAdded({ id: `a-${user}`, user, at: minutes(0) }, `device of ${user}`),
);

let azurite: Azurite;
let stores: Stores;
let runner: Runner;
let clock: VirtualClock;
let ann: Finding;
let whole: Record<string, unknown>;
const table = (name: string): TableClient =>
  TableClient.fromConnectionString(azurite.connection, name, { allowInsecureConnection: true });
const keysOf = (id: string): [string, string] => {
  const [timeline, anchor] = id.split('-');
  return [`${TENANT}|${timeline}`, `f|${anchor}`];
};
const spoil = async (json = '{'): Promise<void> => {
  const [partitionKey, rowKey] = keysOf(ann.id);
  await table('Findings').updateEntity({ partitionKey, rowKey, json }, 'Merge');
};

beforeAll(async () => {
  azurite = await startAzurite();
  stores = tableStores({
    ...{ connection: azurite.connection, tenantId: TENANT, createMissingTables: true },
  });
  clock = new VirtualClock(END);
  runner = { stores, detectors: configured() };
  await deliver(runner, inOrder(RECORDS, PLAIN)[0]!);
  const all = await collect(stores.findings.all());
  ann = all.find(({ subject }) => subject.id === 'ann')!;
  whole = await table('Findings').getEntity(...keysOf(ann.id));
});
beforeEach(() => spoil());
afterAll(() => azurite.stop());

describe('a finding that cannot be read', () => {
  it.each(['{', '', '[]', 'null', '{}', '{"id":"0123456789abcdef-0123456789ab"}'])(
    'is told from its neighbours: %s',
    async (json) => {
      await spoil(json);
      const left: UnreadableRowError[] = [];
      const onUnreadable = (error: UnreadableRowError): void => void left.push(error);

      const found = await collect(stores.findings.all(onUnreadable));
      found.push(...(await collect(stores.findings.movedBetween(minutes(0), END, onUnreadable))));

      expect(found.map(({ subject }) => subject.id)).not.toContain('ann');
      expect(left.map(({ findingId }) => findingId)).toContain(ann.id);
      expect(left[0]!.message).toBe(
        `the row Findings ${keysOf(ann.id).join(' ')} cannot be read; run: crosscheck verify`,
      );
      await expect(stores.findings.find(ann.id)).rejects.toThrow(UnreadableRowError);
      await expect(collect(stores.findings.all())).rejects.toThrow(UnreadableRowError);
    },
  );

  it('leaves its mark, lets the others go on, and is said in health until it is mended', async () => {
    const options = { tenantId: TENANT, channels: [{ id: 'teams', isConfigured: true }], clock };
    await expect(reassess(runner)).rejects.toThrow('cannot be read');

    const report = await drainMarks({ tenantId: TENANT, ...runner, clock });

    expect(report).toMatchObject({
      timelines: 1,
      faults: [{ timeline: { subject: ann.subject } }],
    });
    expect(new Set((await marked(stores)).map(({ subject }) => subject.id))).toEqual(
      new Set(['ann']),
    );
    const said = (await health(stores, [], options)).problems.join();
    expect(said).toContain('1 timeline cannot be assessed');
    expect(said).toContain(keysOf(ann.id)[1]);
    clock.advance(HOUR);
    expect((await health(stores, [], options)).problems.join()).not.toContain('cannot be assessed');

    await table('Findings').upsertEntity(whole as never, 'Replace');
    await drain(runner, clock.now());

    expect(await marked(stores)).toEqual([]);
    expect(await stores.marks.faults()).toBeUndefined();
  });

  it('holds back its own alert alone', async () => {
    const posts: Post[] = [];
    const channel = {
      post: (post: Post) => {
        posts.push(post);
        return Promise.resolve({ outcome: 'accepted' } as const);
      },
    };
    const { outbox } = stores;

    await deliverAlerts({ outbox, channels: [{ id: 'teams', channel }], clock, digestAbove: 10 });

    const told = posts.flatMap(({ items }) => items.map(({ finding }) => finding.subject.id));
    expect(told.sort()).toEqual(['ben', 'eve']);
    expect(await outbox.read(`${ann.id}-1`)).toMatchObject([
      {
        ...{ state: 'waiting', attempts: 1 },
        refusals: [{ reason: expect.stringContaining('cannot be read') as string }],
      },
    ]);
  });

  it('does not keep a rule from the others, nor does its line', async () => {
    const rows = await collect(stores.index.rows());
    const own = rows.find(({ list, line }) => list === 'open' && line?.id === ann.id);
    const [partitionKey = '', rowKey = ''] = own!.key.split(' ');
    await table('FindingIndex').updateEntity({ partitionKey, rowKey, json: '{' }, 'Merge');
    const draft = { owner: 'olga', reason: 'known', createdBy: 'olga' };
    const scope = { detector: ann.detector };
    const expiresAt = plus(clock.now(), DAY);

    await addRule({ stores, clock }, { kind: 'suppression', scope, expiresAt, ...draft });

    const named = (await marked(stores)).map(({ subject }) => subject.id);
    expect(named.sort()).toEqual(['ben', 'eve']);
  });

  it('is counted in an export', async () => {
    const pieces = exportFindings({
      ...{ index: stores.index, findings: stores.findings, clock, filter: {} },
      ...{
        name: 'csv',
        format: exportFormat('csv', { version: '1', detectorOf: () => undefined }),
      },
      about: { version: '1', tenantId: TENANT, requestedBy: 'me' },
    });
    let manifest: Manifest | undefined;
    while (manifest === undefined) {
      const step = await pieces.next();
      manifest = step.done === true ? step.value : undefined;
    }

    // Ben, Eve, that somebody could not be judged, and that a row could not be read.
    expect(manifest).toMatchObject({ findings: 4, left: 0, unreadable: 1 });
  });

  it('is sealed by its history, and not purged', async () => {
    clock.advance(2 * DAY);

    await sealRecord({ stores, clock, copies: undefined });
    await purgeExpired({ stores, detectors: [], retention: DAY, clock });

    const entry = await stores.chain.entry(1);
    const { sequence, head } = ann;
    expect(entry?.findings).toContainEqual({ id: ann.id, sequence, head });
    expect(await stores.findings.history(ann.id)).toHaveLength(sequence);
  });
});

describe('a row of the lists that cannot be read', () => {
  it.each(['{', '{}'])('is named, and mended by repair: %s', async (json) => {
    await repair({ stores });
    const [row] = await collect(stores.index.rows());
    const [partitionKey = '', rowKey = ''] = row!.key.split(' ');
    const before = await collect(stores.index.rows());
    await table('FindingIndex').updateEntity({ partitionKey, rowKey, json }, 'Merge');
    await expect(stores.index.page({}, 10)).rejects.toThrow(
      `the row FindingIndex ${partitionKey} ${rowKey} cannot be read; run: crosscheck repair`,
    );

    const report = await repair({ stores });

    expect(report).toMatchObject({ removed: 1, unreadable: 1 });
    expect((await stores.index.page({}, 10)).lines.length).toBeGreaterThan(0);
    const again = await collect(stores.index.rows());
    const isOfAnn = row!.line?.id === ann.id;
    expect(again).toEqual(isOfAnn ? before.slice(1) : before);
  });
});
