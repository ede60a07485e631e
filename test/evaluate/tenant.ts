import { answerRows, errorAnswer, type Answer } from '../../cli/demo-tenant/audit-log-api';
import { parseFilter } from '../../cli/demo-tenant/odata-filter';
import { seeded, type Random } from '../../cli/demo-tenant/random';
import type { DemoRow } from '../../cli/demo-tenant/rows';
import type { Log } from '../../shared/domain/record';
import { REGISTER, LOGS } from '../../shared/sources';
import { DAY, dayOf, epochOf, HOUR, plus, type Instant } from '../../shared/domain/time';
import { arrivals, type ArrivingRow, type Mode } from './arrival';
import { everydayRows } from './everyday';
import { createEmployees, isThere, type Employee } from './people';
import { Scene, type Tale, type Truth } from './scene';

export interface TenantOptions {
  readonly users: number;
  /** Of which everyday life and stories are told. */
  readonly days: number;
  readonly begins: Instant;
  readonly seed: string;
  readonly mode: Mode;
  readonly tales: Readonly<Record<string, Tale>>;
  /** How many stories a day there are for a thousand people. */
  readonly storiesPerDay: (day: number) => number;
}

/** Whom a story was told of, look-alikes included. */
export interface ToldOf {
  readonly story: string;
  readonly subject: string;
  readonly at: Instant;
}

const POLICIES = '/v1.0/identity/conditionalAccess/policies';
/** The shortest retention of the service, and a day: rows older than that are gone. */
const KEPT = 8 * DAY;
/** After so long somebody may be in a story again. */
const REST_DAYS = 40;
const STORIES_FROM = 7.5 * HOUR;
const STORIES_TO = 17 * HOUR;
const TIME = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
const WINDOW = new RegExp(
  `^(?:activityDateTime|createdDateTime) ge (${TIME}) and (?:activityDateTime|createdDateTime) le (${TIME})(?: and (.+))?$`,
);

/**
 * A tenant whose days unfold as the clock goes, with the protocol of the demo tenant: a day is told when it begins and
 * kept as long as the service keeps it, because all of it at once would not fit.
 */
export class SimulatedTenant {
  readonly truths: Truth[] = [];
  readonly told: ToldOf[] = [];
  readonly employees: readonly Employee[];
  rows = 0;
  readonly #options: TenantOptions;
  readonly #now: () => Instant;
  readonly #days = new Map<string, Buckets>();
  readonly #toldOn = new Map<string, number>();
  /** Every story once before one comes again, in another order each time. */
  #deck: string[] = [];
  #next = 0;

  constructor(options: TenantOptions, now: () => Instant) {
    this.#options = options;
    this.#now = now;
    this.employees = createEmployees(options.users, options.days, options.seed);
  }

  /** Answers like Microsoft Graph v1.0. */
  handle(request: Request): Response {
    const answer = this.#answer(new URL(request.url), request.headers.get('prefer') ?? '');
    const date = new Date(epochOf(this.#now())).toUTCString(); // whoever asks goes by this clock
    return new Response(answer.body, {
      status: answer.status,
      headers: { ...answer.headers, date },
    });
  }

  #answer(url: URL, prefer: string): Answer {
    if (url.pathname === POLICIES) {
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"value":[]}' };
    }
    const source = LOGS.find((each) => url.pathname === `/v1.0/auditLogs/${each}`);
    if (source === undefined) {
      return errorAnswer(404, 'BadRequest', `Resource not found: ${url.pathname}.`);
    }
    this.#unfold();
    return answerRows(url, prefer, source, this.#visible(source, url.searchParams.get('$filter')));
  }

  /** What can be read of what a filter may be about: by its window, and by the rest of it where that is asked for often. */
  #visible(source: Log, filter: string | null): readonly DemoRow[] {
    const now = this.#now();
    const [, from, to, rest] = WINDOW.exec(filter ?? '') ?? [];
    const [first, last] = [from?.slice(0, 10) ?? '', to?.slice(0, 10) ?? '9999'];
    const rows: DemoRow[] = [];
    for (const [day, buckets] of this.#days) {
      if (day < first || day > last) {
        continue;
      }
      for (const row of buckets[source].matching(source, rest)) {
        const { at, visibleAt, until } = row;
        if (visibleAt <= now && at <= now && (until === undefined || now < until)) {
          if ((from === undefined || at >= from) && (to === undefined || at <= to)) {
            rows.push(row);
          }
        }
      }
    }
    return rows;
  }

  #unfold(): void {
    const { begins, days } = this.#options;
    const now = this.#now();
    for (; this.#next < days && plus(begins, this.#next * DAY) <= now; this.#next++) {
      this.#tellDay(this.#next);
    }
    const oldest = dayOf(plus(now, -KEPT));
    for (const day of this.#days.keys()) {
      if (day < oldest) {
        this.#days.delete(day);
      }
    }
  }

  #tellDay(number: number): void {
    const { begins, mode, seed, users, storiesPerDay } = this.#options;
    const start = plus(begins, number * DAY);
    const random = seeded(`${seed}|stories|${number}`);
    const wanted = (storiesPerDay(number) * users) / 1_000;
    const count = Math.floor(wanted) + (random.next() < wanted % 1 ? 1 : 0);
    for (let i = 0; i < count; i++) {
      this.#tellStory(number, start, random);
    }
    const told = new Set(this.#toldOn.keys());
    const { employees } = this;
    const rows = everydayRows({ number, start, employees, told, seed, mode });
    this.#add(rows, seeded(`${seed}|arrival|${number}`));
  }

  #tellStory(number: number, start: Instant, random: Random): void {
    const { mode, tales } = this.#options;
    if (this.#deck.length === 0) {
      this.#deck = shuffled(Object.keys(tales), random);
    }
    const name = this.#deck.pop();
    const tale = name === undefined ? undefined : tales[name];
    const there = this.employees.filter((each) => isThere(each, number));
    const person = tale && this.#free(tale, there, number, random);
    if (name === undefined || tale === undefined || person === undefined) {
      return; // nobody is left to whom it could happen
    }
    this.#toldOn.set(person.id, number);
    const at = plus(start, STORIES_FROM + random.next() * (STORIES_TO - STORIES_FROM));
    const admins = there.filter((each) => each.role === 'admin' && each !== person);
    const admin = random.pick(admins);
    const scene = new Scene({ story: name, person, admin, at, random, mode });
    tale.tell(scene);
    this.#add(scene.rows, random);
    this.truths.push(...scene.truths);
    this.told.push({ story: name, subject: person.id, at });
  }

  /** Somebody of that kind who was in no story lately, does not leave, and has been there for a while. */
  #free(
    { who }: Tale,
    there: readonly Employee[],
    number: number,
    random: Random,
  ): Employee | undefined {
    const free = there.filter((each) => {
      const last = this.#toldOn.get(each.id);
      const isRested = last === undefined || number - last > REST_DAYS;
      const isKind = who === 'member' || (each.phone !== undefined) === (who === 'registered');
      const isSettled = each.joins === undefined && each.leaves === undefined;
      return isRested && isKind && isSettled && each.role === 'member';
    });
    return free.length === 0 ? undefined : random.pick(free);
  }

  #add(rows: readonly DemoRow[], random: Random): void {
    for (const row of rows) {
      for (const each of arrivals(row, random, this.#options.mode)) {
        const day = dayOf(each.at);
        let buckets = this.#days.get(day);
        if (buckets === undefined) {
          buckets = { directoryAudits: new Bucket(), signIns: new Bucket() };
          this.#days.set(day, buckets);
        }
        buckets[each.source].add(each);
        this.rows += 1;
      }
    }
  }
}

function shuffled(names: readonly string[], random: Random): string[] {
  return names
    .map((name) => ({ name, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ name }) => name);
}

type Buckets = Readonly<Record<Log, Bucket>>;

/** The rows of a log of one day, and those that pass the filters that are asked for again and again. */
class Bucket {
  readonly #rows: ArrivingRow[] = [];
  readonly #matching = new Map<string, readonly ArrivingRow[]>();

  add(row: ArrivingRow): void {
    this.#rows.push(row);
    this.#matching.clear();
  }

  matching(source: Log, filter: string | undefined): readonly ArrivingRow[] {
    if (filter === undefined || ABOUT_ONE.test(filter)) {
      return this.#rows;
    }
    let rows = this.#matching.get(filter);
    if (rows === undefined) {
      const passes = parseFilter(filter, REGISTER[source].filterables);
      rows = this.#rows.filter(({ json }) => passes(json));
      this.#matching.set(filter, rows);
    }
    return rows;
  }
}

/** A filter by somebody's id is asked for once. */
const ABOUT_ONE = /[0-9a-f]{8}-[0-9a-f]{4}-/;
