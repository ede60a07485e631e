import fc from 'fast-check';
import { ListSums } from '../../../shared/pipeline/audit-trail/list-sums';

type Line = readonly [id: string, list: string, text: string];

const A: Line = ['00aa000000000001-1', 'opened', 'says this'];
const B: Line = ['00aa000000000002-1', 'opened', 'says this'];
const C: Line = ['ffff000000000001-1', 'open', 'says that'];

function differing(added: readonly Line[], removed: readonly Line[]): readonly string[] {
  const sums = new ListSums();
  added.forEach((line) => {
    sums.add(...line);
  });
  removed.forEach((line) => {
    sums.remove(...line);
  });
  return sums.differing();
}

describe('shared/pipeline/audit-trail/list-sums', () => {
  it.each<{ what: string; added: Line[]; removed: Line[]; parts: string[] }>([
    { what: 'nothing', added: [], removed: [], parts: [] },
    { what: 'the same in another order', added: [A, B, C], removed: [C, A, B], parts: [] },
    { what: 'one is missing', added: [A, B, C], removed: [A, C], parts: ['00aa'] },
    { what: 'one is too many', added: [A], removed: [A, C], parts: ['ffff'] },
    { what: 'one is there twice', added: [A, C], removed: [A, A, C], parts: ['00aa'] },
    { what: 'one for another', added: [A, C], removed: [B, C], parts: ['00aa'] },
    {
      ...{ what: 'it says something else', parts: ['ffff'] },
      ...{ added: [A, C], removed: [A, [C[0], C[1], 'else']] },
    },
    {
      ...{ what: 'it stands in another list', parts: ['ffff'] },
      ...{ added: [A, C], removed: [A, [C[0], 'opened', C[2]]] },
    },
    { what: 'an id that is none', added: [], removed: [['~~', 'open', '']], parts: ['0000'] },
    { what: 'an empty id', added: [['', 'open', '']], removed: [], parts: ['0000'] },
  ])('tells where two sets differ: $what', ({ added, removed, parts }) => {
    expect(differing(added, removed)).toEqual(parts);
  });

  it('names the part in which an id is', () => {
    const sums = new ListSums();

    expect([A[0], C[0], 'AAAA', '12'].map((id) => sums.partOf(id))).toEqual([
      ...['00aa', 'ffff', '0000', '0000'],
    ]);
  });

  it('differs exactly where lines do, whatever they are', () => {
    const id = fc.constantFrom('0001-a', '0001-b', '0002-a', 'x');
    const line = fc.tuple(id, fc.constantFrom('opened', 'open'), fc.constantFrom('p', 'q'));
    const lines = fc.array(line, { maxLength: 12 });

    fc.assert(
      fc.property(lines, lines, (added, removed) => {
        const sums = new ListSums();
        const inPart = (all: readonly Line[], part: string): string =>
          all
            .filter(([of]) => sums.partOf(of) === part)
            .map((each) => each.join())
            .sort()
            .join(' ');
        const expected = ['0000', '0001', '0002'].filter(
          (part) => inPart(added, part) !== inPart(removed, part),
        );
        expect(differing(added, removed)).toEqual(expected);
      }),
    );
  });
});
