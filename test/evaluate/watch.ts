import { graphSource } from '../../shared/adapters/graph/graph-source';
import { Limiter } from '../../shared/adapters/graph/limiter';
import type { ConfiguredDetector } from '../../shared/domain/detector';
import type { Finding } from '../../shared/domain/findings/finding';
import { LOGS } from '../../shared/sources';
import { DAY, HOUR, MINUTE, type Instant } from '../../shared/domain/time';
import { deliverAlerts } from '../../shared/pipeline/delivery/deliver';
import { drainMarks } from '../../shared/pipeline/findings/assess';
import { noticeRuleChanges } from '../../shared/pipeline/findings/rule-change';
import { feedsFor } from '../../shared/pipeline/findings/select';
import { pollSource } from '../../shared/pipeline/poll';
import type { Post } from '../../shared/pipeline/ports/channel';
import { KnownSignals } from '../../shared/pipeline/reading/known-signals';
import { secondLook } from '../../shared/pipeline/reading/second-look';
import { watchSources, type Watch } from '../../shared/pipeline/reading/watch-sources';
import type { VirtualClock } from '../fakes/clock';
import { memoryStores } from '../fakes/memory-stores';
import { TENANT } from '../fakes/run';

/** A finding that somebody was alerted of, as it was told first. */
export interface Alerted {
  readonly finding: Finding;
  readonly at: Instant;
}

/** The monitor as it is deployed, over a tenant and a clock: every timer, one after the other. */
export class SimulatedMonitor {
  /** By finding. */
  readonly alerted = new Map<string, Alerted>();
  requests = 0;
  posts = 0;
  readonly #stores = memoryStores();
  readonly #known = new KnownSignals();
  readonly #clock: VirtualClock;
  readonly #detectors: readonly ConfiguredDetector[];
  readonly #handle: (request: Request) => Response;

  constructor(
    clock: VirtualClock,
    detectors: readonly ConfiguredDetector[],
    handle: (request: Request) => Response,
  ) {
    this.#clock = clock;
    this.#detectors = detectors;
    this.#handle = handle;
  }

  get findings(): readonly Finding[] {
    return this.#stores.findings.list();
  }

  /** Polls every log, judges and delivers. */
  async round(): Promise<void> {
    const clock = this.#clock;
    const stores = this.#stores;
    const base = { tenantId: TENANT, stores, clock, detectors: this.#detectors };
    const feeds = LOGS.flatMap((source) =>
      feedsFor(
        this.#detectors.map(({ detector }) => detector),
        source,
      ),
    ).filter(({ neededBy }) => neededBy.length > 0);
    const watch = (known?: Watch['known']) =>
      watchSources({ tenantId: TENANT, feeds, stores, clock, standstill: 3 * HOUR, known });
    const look = () =>
      secondLook({
        ...{ tenantId: TENANT, stores, clock, budget: MINUTE },
        sourceOf: () => Promise.resolve(this.#records()),
      });
    await noticeRuleChanges(stores, this.#detectors);
    for (const source of LOGS) {
      const reader = { ...base, source, records: this.#records(), known: this.#known };
      await pollSource(
        { ...reader, initialLookback: DAY, retention: 7 * DAY, budget: 4 * MINUTE },
        { secondLook: look(), watch, drainBudget: 3 * MINUTE },
      );
    }
    await drainMarks({ ...base, secondLook: look(), keepsHeartbeat: true, budget: 3 * MINUTE });
    await this.#deliver();
  }

  async #deliver(): Promise<void> {
    const { outbox, damaged } = this.#stores;
    const channel = { post: (post: Post) => this.#hear(post) };
    const channels = [{ id: 'teams', channel }];
    await deliverAlerts({ outbox, channels, clock: this.#clock, digestAbove: 10 });
    await damaged.flush();
  }

  #hear({ items }: Post): Promise<{ readonly outcome: 'accepted' }> {
    this.posts += 1;
    for (const { finding } of items) {
      if (!this.alerted.has(finding.id)) {
        this.alerted.set(finding.id, { finding, at: this.#clock.now() });
      }
    }
    return Promise.resolve({ outcome: 'accepted' });
  }

  #records() {
    const clock = this.#clock;
    return graphSource({
      ...{ baseUrl: new URL('https://graph.example.com'), getToken: undefined },
      fetch: (url, init) => Promise.resolve(this.#handle(new Request(url, init))),
      ...{ clock, limiter: new Limiter(clock, 1_000), random: () => 0.5 },
      onRequest: () => (this.requests += 1),
    });
  }
}
