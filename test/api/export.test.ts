import { MINUTE, plus } from '../../shared/domain/time';
import type { FindingStore } from '../../shared/pipeline/ports/finding-store';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { finding, minutes } from '../contracts/samples';
import { ask, monitorOver, textOf } from '../fakes/api-monitor';
import { memoryStores } from '../fakes/memory-stores';

/** More findings than one page of the list holds: they are read by a scan. */
function manyFindings(): Stores {
  const stores = memoryStores();
  async function* scan(): ReturnType<FindingStore['scan']> {
    for (const upTo of ['0'.repeat(16), '1'.repeat(16)]) {
      const found = [{ finding: finding(upTo, 'a'), history: [] }];
      yield await Promise.resolve({ found, upTo });
    }
  }
  return {
    ...stores,
    index: { page: () => Promise.resolve({ lines: [], next: 'more' }) } as never,
    findings: { ...stores.findings, scan },
  };
}

/** A clock that goes on by itself. */
function slowClock() {
  let now = minutes(0);
  return { now: () => (now = plus(now, 2 * MINUTE)) };
}

describe('GET /api/export, of more than one answer holds', () => {
  const monitor = monitorOver(manyFindings(), { clock: slowClock() });

  it('ends with a manifest that says where to go on', async () => {
    const text = await textOf(await ask(monitor, 'GET /api/export?format=ndjson'));

    expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toMatchObject({
      manifest: { complete: false, next: expect.any(String) as string },
    });
  });

  it('is cut off where it may not say so', async () => {
    const answer = await ask(monitor, 'GET /api/export?format=ocsf&manifest=none');

    await expect(textOf(answer)).rejects.toThrow('manifest=last');
  });
});
