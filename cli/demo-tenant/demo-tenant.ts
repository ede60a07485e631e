import {
  between,
  DAY,
  epochOf,
  HOUR,
  MINUTE,
  plus,
  SECOND,
  type Duration,
  type Instant,
} from '../../shared/domain/time';
import { listRows, odataError } from './audit-log-api';
import { answerDirectory } from './directory-api';
import { createPeople, type Person } from './people';
import { seeded } from './random';
import { routineAudit, routineSignIn } from './routine';
import type { DemoRow } from './rows';
import { tellStory, type ExpectedFinding, type StoryName } from './stories';
import { REGISTER, LOGS } from '../../shared/sources';

export interface DemoOptions {
  readonly tenantId: string;
  readonly now: () => Instant;
  /** The same seed tells the same of the same people. */
  readonly seed?: string;
  /** How far back its routine reaches when it begins; a day unless told. */
  readonly past?: Duration;
  /** How often something new happens while it runs; without it only the past is there. */
  readonly storyEvery?: number;
  /** The value that the `Authorization` header must have; without it nobody has to sign in. */
  readonly authorization?: string;
  /** Answers instead of the tenant, for faults. */
  readonly intercept?: (request: Request) => Response | undefined;
}

/** What a truth has come to by now. */
export type KnownTruth = ExpectedFinding & {
  readonly status: 'open' | 'resolved';
  readonly resolution?: string;
};

/** About whom a story was told, and what the detectors must say about it. */
export interface ToldStory {
  readonly person: Person;
  readonly truth?: ExpectedFinding;
}

/** The one fake Graph: a tenant with people, their routine, and stories whose outcome is known. */
export interface DemoTenant {
  readonly tenantId: string;
  /** Answers like Microsoft Graph v1.0; never throws. */
  handle(request: Request): Promise<Response>;
  /**
   * Lets something happen to the next person nobody has told of yet.
   * @returns what the detectors must say about it; nothing for an honest twin, and when nobody is left.
   */
  addStory(name: StoryName, at: Instant, visibleAt?: Instant): ToldStory | undefined;
  /** Lets time pass up to an instant: stories and routine. Every request does so by itself. */
  unfold(until: Instant): void;
  /** Every row there is, also those that cannot be read yet. */
  readonly rows: readonly DemoRow[];
  /** What the detectors must come to, given what can be read at an instant; about everybody else nothing. */
  truth(at: Instant): readonly KnownTruth[];
}

/** Asked for to see whether they may be read; what they say is on the sign-ins. */
const POLICIES = '/v1.0/identity/conditionalAccess/policies';
const PAST = 24 * HOUR;
/** Rows older than the shortest retention of the service disappear. */
const RETENTION = 7 * DAY;
/** An unfinished registration of so long ago is concluded at once: grace and the assumed lag have passed. */
const LONG_AGO = 3 * HOUR + 2 * MINUTE;
const ROUTINE_EVERY = 20 * SECOND;

/** What happened before it began: both core stories, their shades, and the twins that must stay silent. */
const BEFORE: readonly (readonly [StoryName, number])[] = [
  ['unfinished', 5 * HOUR],
  ['eas-blocked', 2 * HOUR + 10 * MINUTE],
  ['completed', 6 * HOUR + 20 * MINUTE],
  ['retried-and-completed', 9 * HOUR],
  ['cancelled-and-removed', 11 * HOUR],
  ['routine-rewrite', 4 * HOUR],
  ['eas-refused', 3 * HOUR],
  ['eas-allowed', 7 * HOUR],
  ['eas-report-only', 8 * HOUR],
  ['passkey-without-outcome', 5 * HOUR + 30 * MINUTE],
];

/** What happens while it runs, again and again until everybody had their story. */
const UNFOLDING: readonly StoryName[] = [
  'eas-two-countries',
  'unfinished-admin',
  'completed',
  'eas-quarantined',
  'completed-late',
  'eas-refused',
  'unfinished-second-phone',
  'eas-blocked',
  'completion-shown-too-late',
  'retried-and-completed',
  'unfinished',
  'eas-report-only',
  'cancelled-and-listed',
  'passkey-without-outcome',
  'passkey-registered',
  'unfinished-old-phone-removed',
  'unfinished-with-security-key',
  'unfinished-after-pass',
  'unfinished-and-blocked',
];

/** A tenant that begins now, with a day of past. */
export function createDemoTenant(options: DemoOptions): DemoTenant {
  return new Tenant(options);
}

class Tenant implements DemoTenant {
  readonly tenantId: string;
  readonly #options: DemoOptions;
  readonly #seed: string;
  readonly #people: readonly Person[];
  readonly #began: Instant;
  #rows: DemoRow[] = [];
  #truth: ExpectedFinding[] = [];
  #told = 0;
  #unfolded = 0;
  #routines = 0;

  constructor(options: DemoOptions) {
    this.#options = options;
    this.tenantId = options.tenantId;
    this.#seed = options.seed ?? 'crosscheck';
    this.#people = createPeople(this.#seed);
    this.#began = options.now();
    this.#fillPast();
  }

  get rows(): readonly DemoRow[] {
    return this.#rows;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- has the shape of fetch
  async handle(request: Request): Promise<Response> {
    const { authorization } = this.#options;
    const intercepted = this.#options.intercept?.(request);
    if (intercepted !== undefined) {
      return intercepted;
    }
    if (authorization !== undefined && request.headers.get('authorization') !== authorization) {
      return odataError(401, 'InvalidAuthenticationToken', 'Access token is empty or invalid.');
    }
    const url = new URL(request.url);
    const { pathname } = url;
    const directory = answerDirectory(url, this.#people);
    if (directory !== undefined) {
      return new Response(directory.body, directory);
    }
    if (pathname === POLICIES) {
      return Response.json({ value: [] });
    }
    const source = LOGS.find((each) => pathname === `/v1.0${REGISTER[each].path}`);
    if (source === undefined) {
      const message = `Resource not found for the segment '${pathname.split('/').at(-1) ?? ''}'.`;
      return odataError(404, 'BadRequest', message);
    }
    if (request.method !== 'GET') {
      return odataError(405, 'BadRequest', `${request.method} is not allowed here.`);
    }
    const instant = this.#options.now();
    this.unfold(instant);
    const visible = this.#rows.filter(
      (row) => row.source === source && row.visibleAt <= instant && row.at <= instant,
    );
    const answer = listRows(request, source, visible);
    answer.headers.set('date', new Date(epochOf(instant)).toUTCString()); // whoever asks goes by this clock
    return answer;
  }

  addStory(name: StoryName, at: Instant, visibleAt = at): ToldStory | undefined {
    // The established are everybody's routine; each of the others has one story, so that no two stories mix.
    const free = this.#people.filter((each) => each.phone === undefined);
    const person = free[this.#told];
    const [helper = person] = this.#people;
    if (person === undefined || helper === undefined) {
      return undefined;
    }
    // A tenant that is started again tells new rows of the same people.
    const random = seeded(`${this.#seed}|${this.#began}|story|${this.#told}`);
    this.#told += 1;
    const story = tellStory(name, { person, helper, at, visibleAt, random });
    this.#rows.push(...story.rows);
    if (story.truth === undefined) {
      return { person };
    }
    this.#truth.push(story.truth);
    return { person, truth: story.truth };
  }

  unfold(until: Instant): void {
    const { storyEvery } = this.#options;
    if (storyEvery === undefined) {
      return;
    }
    const elapsed = between(this.#began, until);
    for (; (this.#unfolded + 1) * storyEvery <= elapsed; this.#unfolded++) {
      const shown = plus(this.#began, (this.#unfolded + 1) * storyEvery);
      const name = UNFOLDING[this.#unfolded % UNFOLDING.length] ?? 'unfinished';
      this.addStory(name, plus(shown, name.startsWith('eas') ? -20 * MINUTE : -LONG_AGO), shown);
    }
    for (; (this.#routines + 1) * ROUTINE_EVERY <= elapsed; this.#routines++) {
      this.#addRoutine(plus(this.#began, this.#routines * ROUTINE_EVERY), this.#routines);
    }
    const oldest = plus(until, -RETENTION);
    if (this.#rows.some((row) => row.at < oldest)) {
      this.#rows = this.#rows.filter((row) => row.at >= oldest);
    }
  }

  truth(at: Instant): readonly KnownTruth[] {
    return this.#truth
      .filter((each) => each.visibleAt <= at)
      .map((each) =>
        each.end !== undefined && each.end.visibleAt <= at
          ? { ...each, status: 'resolved', resolution: each.end.resolution }
          : { ...each, status: 'open' },
      );
  }

  #fillPast(): void {
    for (const [name, ago] of BEFORE) {
      this.addStory(name, plus(this.#began, -ago));
    }
    const [scanned, shown] = [plus(this.#began, -100 * MINUTE), plus(this.#began, MINUTE)];
    this.addStory('completion-shown-in-time', scanned, shown);
    for (let ago = this.#options.past ?? PAST; ago > 0; ago -= 3 * MINUTE) {
      this.#addRoutine(plus(this.#began, -ago), -ago / MINUTE);
    }
  }

  /** A sign-in, and now and then a change. */
  #addRoutine(at: Instant, number: number): void {
    const random = seeded(`${this.#seed}|${this.#began}|routine|${number}`);
    const moment = plus(at, random.next() * MINUTE);
    this.#rows.push(routineSignIn(moment, this.#people, random));
    if (random.below(6) === 0) {
      this.#rows.push(routineAudit(moment, this.#people, random));
    }
  }
}
