import { memoryStores, type MemoryStores } from '../../fakes/memory-stores';
import { MINUTE, plus } from '../../../shared/domain/time';
import { FindingWriter, repairLines } from '../../../shared/pipeline/findings/finding-writer';
import type { ListEntry } from '../../../shared/pipeline/ports/finding-index';
import type { WorkMark } from '../../../shared/pipeline/ports/work-marks';
import { ending, finding, minutes, opening, timeline } from '../../contracts/samples';
import { around } from '../../fakes/crashing';
import { linesAgree } from '../../fakes/lines';

const MARY = timeline('Mary');
const OPENED = opening(finding(MARY.id));
const NOW = minutes(10);
const noFault = (_timeline: unknown, error: unknown): never => {
  throw error;
};

describe('shared/pipeline/findings/finding-writer', () => {
  let stores: MemoryStores;
  beforeEach(() => {
    stores = memoryStores();
  });
  const listed = async (): Promise<readonly ListEntry[]> => (await stores.index.page({}, 10)).lines;
  const etag = async (): Promise<string | undefined> =>
    (await stores.findings.find(OPENED.finding.id))?.etag;

  it('marks before it writes, and takes its mark away when the lines are there', async () => {
    const order: string[] = [];
    const seen = around(stores, (operation, name) => {
      order.push(name);
      return operation();
    });
    const writer = new FindingWriter(seen, MARY, NOW);

    await writer.commit(OPENED, undefined);
    await writer.writeLines();

    expect(order).toEqual([
      ...['marks.markWriting', 'findings.commit', 'index.put', 'findings.readTimeline'],
      ...['counts.add', 'marks.remove'],
    ]);
    expect(await stores.marks.list()).toEqual([]);
    await linesAgree(stores);
  });

  it('does nothing when nothing was written', async () => {
    await new FindingWriter(stores, MARY, NOW).writeLines();

    expect(await listed()).toEqual([]);
  });

  it('writes the line although the answer to the commit got lost and looked like a refusal', async () => {
    const lost = around(stores, async (operation, name) => {
      const answer = await operation();
      return name === 'findings.commit' ? false : answer;
    });
    const writer = new FindingWriter(lost, MARY, NOW);

    expect(await writer.commit(OPENED, undefined)).toBe(false);
    await writer.writeLines();

    expect(await listed()).toMatchObject([{ id: OPENED.finding.id }]);
    await linesAgree(stores);
  });

  it('corrects its line when another was faster', async () => {
    const writer = new FindingWriter(stores, MARY, NOW);
    await writer.commit(OPENED, undefined);
    const other = new FindingWriter(stores, MARY, NOW);
    await other.commit(ending(OPENED.finding), await etag());
    await other.writeLines();

    await writer.writeLines();

    expect(await listed()).toMatchObject([{ status: 'resolved' }]);
    await linesAgree(stores);
  });

  it('takes its line away when the finding was purged meanwhile', async () => {
    const writer = new FindingWriter(stores, MARY, NOW);
    await writer.commit(OPENED, undefined);
    jest.spyOn(stores.findings, 'readTimeline').mockResolvedValue([]);

    await writer.writeLines();

    expect(await listed()).toEqual([]);
  });

  it('leaves its mark after five rounds with a finding that keeps changing', async () => {
    const writer = new FindingWriter(stores, MARY, NOW);
    await writer.commit(OPENED, undefined);
    let count = 1;
    jest.spyOn(stores.findings, 'readTimeline').mockImplementation(() => {
      count += 1;
      return Promise.resolve([{ finding: { ...OPENED.finding, count }, etag: '' }]);
    });

    await writer.writeLines();

    expect(count).toBe(6);
    expect(await stores.marks.list()).toMatchObject([{ cause: 'writing', since: NOW }]);
  });

  describe('of a writer that was killed', () => {
    let left: readonly WorkMark[];
    beforeEach(async () => {
      await new FindingWriter(stores, MARY, NOW).commit(OPENED, undefined);
      left = await stores.marks.list();
    });

    it.each([
      { when: 'young', minutesOld: 15, stays: 1 },
      { when: 'old', minutesOld: 16, stays: 0 },
    ])('brings the lines up to date; a mark that is $when', async ({ minutesOld, stays }) => {
      await repairLines(stores, left, plus(NOW, minutesOld * MINUTE), noFault);

      await linesAgree(stores);
      // A young one may belong to a writer that lives, and is killed later.
      expect(await stores.marks.list()).toHaveLength(stays);
    });
  });
});
