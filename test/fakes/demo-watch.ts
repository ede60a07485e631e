import { odataError } from '../../cli/demo-tenant/audit-log-api';
import { createDemoTenant } from '../../cli/demo-tenant/demo-tenant';
import { graphSource } from '../../shared/adapters/graph/graph-source';
import { Limiter } from '../../shared/adapters/graph/limiter';
import type { MemoryTables } from '../../shared/adapters/memory/memory-table';
import { statusOf } from '../../shared/api/status';
import type { Log } from '../../shared/domain/record';
import { DAY, HOUR, MINUTE, type Instant } from '../../shared/domain/time';
import { drainMarks } from '../../shared/pipeline/findings/assess';
import { deliverAlerts } from '../../shared/pipeline/delivery/deliver';
import { pollSource } from '../../shared/pipeline/poll';
import type { Post } from '../../shared/pipeline/ports/channel';
import { noticeRuleChanges } from '../../shared/pipeline/findings/rule-change';
import { watchSources, type Watch } from '../../shared/pipeline/reading/watch-sources';
import { monitorOver } from './api-monitor';
import { VirtualClock } from './clock';
import { memoryStores, type MemoryStores } from './memory-stores';
import { configured, TENANT } from './run';
import { LOGS } from '../../shared/sources';

const FEEDS = LOGS.flatMap((source) => [
  { source, property: source === 'signIns' ? 'clientAppUsed' : 'activityDisplayName' } as const,
]);

/** The monitor over a demo tenant: polls, judges and delivers, each as its own timer. */
export class DemoWatch {
  readonly stores: MemoryStores;
  readonly clock: VirtualClock;
  readonly posts: Post[] = [];
  readonly failures: string[] = [];
  /** Graph refuses to show this log. */
  refused: Log | undefined;
  readonly #tenant: ReturnType<typeof createDemoTenant>;

  constructor(
    tables: MemoryTables,
    { at, began, news }: { readonly at: Instant; readonly began: Instant; readonly news: Instant },
  ) {
    this.stores = memoryStores(tables);
    this.clock = new VirtualClock(at);
    let isBegun = false;
    const now = (): Instant => (isBegun ? this.clock.now() : began);
    this.#tenant = createDemoTenant({ tenantId: TENANT, seed: 'rows', now });
    isBegun = true;
    this.#tenant.addStory('unfinished', news);
    this.#tenant.addStory('eas-blocked', news);
  }

  get told(): ReadonlySet<string> {
    return new Set(
      this.posts.flatMap(({ items }) =>
        items.map(({ finding }) => `${finding.detector} ${finding.subject.id}`),
      ),
    );
  }

  /** Everything that the timers do, one after the other; what one of them cannot do is no matter of the others. */
  async round(): Promise<void> {
    const { stores, clock } = this;
    const base = { tenantId: TENANT, stores, clock, detectors: configured() };
    const standstill = 3 * HOUR;
    const watch = (known?: Watch['known']) =>
      watchSources({ tenantId: TENANT, feeds: FEEDS, stores, clock, standstill, known });
    await this.#run(() => noticeRuleChanges(stores, base.detectors));
    await this.#run(() => watch()); // as the timer that judges does
    for (const source of LOGS) {
      const records = this.#graph();
      const reader = { ...base, source, records, initialLookback: DAY, retention: 30 * DAY };
      await this.#run(() => pollSource({ ...reader, budget: 4 * MINUTE }, { watch }));
    }
    await this.#run(() => drainMarks({ ...base, keepsHeartbeat: true }));
    await this.#run(() => this.deliver());
  }

  async deliver(): Promise<void> {
    const post = (each: Post) => {
      this.posts.push(each);
      return Promise.resolve({ outcome: 'accepted' } as const);
    };
    const channels = [{ id: 'teams', channel: { post } }];
    const { clock, stores } = this;
    await deliverAlerts({ outbox: stores.outbox, channels, clock, digestAbove: 10 });
    await stores.damaged.flush();
  }

  async through(hours: number): Promise<void> {
    for (let hour = 0; hour < hours; hour++) {
      this.clock.advance(HOUR);
      await this.round();
    }
  }

  /** What `crosscheck status` would call a problem. */
  async problems(): Promise<string> {
    return (await statusOf(monitorOver(this.stores, { clock: this.clock }))).problems.join('\n');
  }

  #graph() {
    const { clock } = this;
    const tenant = this.#tenant;
    return graphSource({
      ...{ baseUrl: new URL('https://graph.example.com'), getToken: undefined },
      fetch: async (url, init) =>
        this.refused !== undefined && new Request(url).url.includes(`/auditLogs/${this.refused}`)
          ? odataError(403, 'Authorization_RequestDenied', 'Insufficient privileges.')
          : tenant.handle(new Request(url, init)),
      ...{ clock, limiter: new Limiter(clock, 1_000), random: () => 0.5 },
    });
  }

  async #run(timer: () => Promise<unknown>): Promise<void> {
    try {
      await timer();
    } catch (error) {
      this.failures.push((error as Error).message);
    }
  }
}
