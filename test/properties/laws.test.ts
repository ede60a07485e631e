import fc from 'fast-check';
import { law, mustEqual } from '../fakes/law';
import { play, view } from '../fakes/run';
import { anyRead, batchesOf, inOrder, scheduleOf, story, wholeRead } from '../fakes/stories';

describe('law 1', () => {
  law(
    'whole',
    fc.record({ records: story, schedule: scheduleOf(wholeRead) }),
    async ({ records, schedule }) => {
      const expected = await play({ batches: inOrder(records, schedule) });
      const actual = await play({ batches: batchesOf(records, schedule) });
      mustEqual(view(actual.stores), view(expected.stores), 'findings');
    },
  );
  law(
    'any',
    fc.record({ records: story, schedule: scheduleOf(anyRead) }),
    async ({ records, schedule }) => {
      const expected = await play({ batches: inOrder(records, schedule) });
      const actual = await play({ batches: batchesOf(records, schedule) });
      mustEqual(view(actual.stores), view(expected.stores), 'findings');
    },
  );
});
