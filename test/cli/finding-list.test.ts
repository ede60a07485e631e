import { existsSync, globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FindingList } from '../../cli/finding-list';
import { FileOverflow } from '../../shared/adapters/files/overflow';
import { finding, timeline } from '../contracts/samples';

const some = (n: number): ReturnType<typeof finding>[] =>
  Array.from({ length: n }, (_, i) => finding(timeline('Ann').id, `x${i}`));

async function idsOf(list: FindingList): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of list.all()) {
    ids.push(id);
  }
  return ids;
}

const folders = (): string[] => globSync(join(tmpdir(), 'crosscheck-*', '0.ndjson'));

describe('cli/finding-list', () => {
  it('puts few findings in order and needs no file', async () => {
    const list = new FindingList(3);
    const [a, b, c] = some(3) as [never, never, never];
    const before = folders();

    await list.add([c, a]);
    await list.add([b]);

    expect(list.isInOrder).toBe(true);
    expect((await idsOf(list)).length).toBe(3);
    expect(list.countOf('alert')).toBe(3);
    expect(folders()).toEqual(before);
  });

  it('keeps many in a file, tells each once as it came, more than once if asked, and leaves no file', async () => {
    const list = new FindingList(3);
    const findings = some(8);
    const before = folders();

    for (const each of findings) {
      await list.add([each]);
    }

    expect(list.isInOrder).toBe(false);
    expect(await idsOf(list)).toEqual(findings.map(({ id }) => id));
    expect(await idsOf(list)).toEqual(findings.map(({ id }) => id));
    const made = folders().filter((each) => !before.includes(each));
    expect(made.length).toBeGreaterThan(0);
    await list.remove();
    expect(made.filter((each) => existsSync(each))).toEqual([]);
  });
});

describe('adapters/files/overflow', () => {
  it('reads back what was appended, in order, and nothing of other parts', async () => {
    const overflow = new FileOverflow();
    await overflow.append(1, ['a', '{"b":"\u2028"}']);
    await overflow.append(2, []);
    await overflow.append(1, ['c']);
    const read = async (part: number): Promise<string[]> => {
      const lines: string[] = [];
      for await (const line of overflow.read(part)) {
        lines.push(line);
      }
      return lines;
    };

    expect([await read(1), await read(2), await read(3)]).toEqual([
      ['a', '{"b":"\u2028"}', 'c'],
      [],
      [],
    ]);
    await overflow.remove();
    expect(await read(1)).toEqual([]);
  });
});
