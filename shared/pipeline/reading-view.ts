import { coverageOf, type Needing, type SourceState } from '../domain/source-state';
import { sourcesOf } from '../domain/feed';
import type { CoverageBySource } from '../domain/coverage';
import type { Source } from '../domain/record';
import type { CoverageStore } from './ports';

/**
 * What was read, as one run knows it: each source is looked up once, when it is first needed, and from then on it is
 * what the run itself makes of it.
 */
export class ReadingView {
  readonly #store: Pick<CoverageStore, 'source'>;
  readonly #known = new Map<Source, SourceState | undefined>();

  constructor(store: Pick<CoverageStore, 'source'>) {
    this.#store = store;
  }

  /** @returns undefined when nobody ever tried to read the source. */
  async source(source: Source): Promise<SourceState | undefined> {
    if (!this.#known.has(source)) {
      this.#known.set(source, await this.#store.source(source));
    }
    return this.#known.get(source);
  }

  /** What each source covers for a detector. */
  async coverage(detector: Needing): Promise<CoverageBySource> {
    const states: SourceState[] = [];
    for (const source of sourcesOf(detector.needs)) {
      states.push(...[(await this.source(source)) ?? []].flat());
    }
    return coverageOf(detector, Object.fromEntries(states.map((each) => [each.source, each])));
  }

  /** The run has changed it. */
  put(state: SourceState): void {
    this.#known.set(state.source, state);
  }

  /** All is looked up anew when it is needed next. */
  forget(): void {
    this.#known.clear();
  }
}
