import type { EngineStores } from '../../shared/pipeline/ports/stores';
import type { TimelineRef } from '../../shared/pipeline/ports/signal-store';

/** Whom the marks name, writers left out; each once. */
export async function marked({ marks }: Pick<EngineStores, 'marks'>): Promise<TimelineRef[]> {
  const found = (await marks.list()).filter(({ cause }) => cause !== 'writing');
  const all = found.flatMap(({ timelines }) => timelines);
  return [...new Map(all.map((each) => [each.id, each])).values()];
}
