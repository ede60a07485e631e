import { tableStores } from '../../../shared/adapters/tables/table-stores';
import { toInstant } from '../../../shared/domain/time';
import { PositionError } from '../../../shared/pipeline/ports/finding-index';
import type { Stores } from '../../../shared/pipeline/ports/stores';
import { collect, finding, timeline } from '../../contracts/samples';
import { startAzurite, type Azurite } from '../../fakes/azurite';

jest.setTimeout(30_000);

const MARY = timeline('Mary').id;
let azurite: Azurite;
let requests = 0;

beforeAll(async () => {
  azurite = await startAzurite();
});

afterAll(async () => {
  await azurite.stop();
});

function storesOf(tenantId: string): Stores {
  const { connection } = azurite;
  const onOperation = (): void => void (requests += 1);
  return tableStores({ connection, tenantId, createMissingTables: true, onOperation });
}

describe('shared/adapters/tables/finding-index', () => {
  it('shows a tenant nothing of another, nor takes its positions', async () => {
    const [ours, theirs] = [storesOf('ours'), storesOf('theirs')];
    for (const anchor of ['a', 'b', 'c']) {
      await theirs.index.put(finding(MARY, anchor));
      await ours.index.put(finding(MARY, `our ${anchor}`));
    }
    const { next } = await theirs.index.page({}, 1);

    expect((await ours.index.page({}, 10)).lines).toHaveLength(3);
    expect(await collect(ours.index.rows())).toHaveLength(6);
    await expect(ours.index.page({}, 1, next)).rejects.toThrow(PositionError);
    await expect(theirs.index.page({}, 1, next)).resolves.toMatchObject({ lines: [{}] });
  });

  it('takes a request per list to put or remove a finding', async () => {
    const { index } = storesOf('counted');
    await index.put(finding(MARY, 'first'));
    requests = 0;

    await index.put(finding(MARY));
    expect(requests).toBe(2);
    await index.remove(finding(MARY));
    expect(requests).toBe(4);
  });

  it('reads a list that lies in one month with one request, whatever times are asked for', async () => {
    const { index } = storesOf('one month');
    await index.put(finding(MARY, 'old', { openedAt: toInstant('2026-01-03T00:00:00Z') }));
    await index.put(finding(MARY, 'new', { openedAt: toInstant('2026-01-20T00:00:00Z') }));
    requests = 0;

    const from = toInstant('2026-01-10T00:00:00Z');
    expect(
      (await index.page({ from, to: toInstant('2026-02-01T00:00:00Z') }, 5)).lines,
    ).toHaveLength(1);

    expect(requests).toBe(1);
  });
});
