import { objectsIn, textOf, textsIn } from '../../domain/facts';
import type { Timeline } from '../../domain/detector';
import type { Interval } from '../../domain/reading/coverage';
import type { Signal } from '../../domain/findings/signal';
import { observationsOf } from '../../domain/records/observed';
import {
  byTime,
  dayOf,
  earliest,
  HOUR,
  MINUTE,
  plus,
  quietAfter,
  startOfMonth,
  toInstant,
  type Instant,
} from '../../domain/time';
import { satisfiedAt, type PromptClass } from './signals';

/** So long after the last prompt a registration may still be the answer to it. */
export const ANSWER = 60 * MINUTE;
/** An authenticator that is used so long after it was added was verified. */
const VERIFIED_AFTER = 15 * MINUTE;
/** Signals are kept by the hour, so an attempt is told from another of its id by more than that. */
const SAME_ATTEMPT = 2 * HOUR;
/** Clocks of the logging services differ by this much. */
const SKEW = 2 * MINUTE;
const EVER = toInstant('9999-12-31T00:00:00Z');

/** One attempt to sign in that a page interrupted, in however many rows. */
export interface Prompt {
  readonly attempt: string;
  readonly at: Instant;
  /** When it is quiet after this one and those that follow it soon. */
  readonly quietAt: Instant;
  /** The first row of it; absent for one in the middle of very many. */
  readonly row?: { readonly eventId: string; readonly errorCode: string };
}

type Attempt = Omit<Prompt, 'quietAt'>;

/** The fewest prompts from one on that are a loop, where the person was registered before. */
export interface Run {
  readonly about: PromptClass;
  readonly at: Instant;
  readonly last: Prompt;
  /** Of `first` and `last` among the prompts. */
  readonly from: number;
  readonly to: number;
  readonly known: Known;
}

/** What shows that the person was registered, and since when: the last such time before. */
export interface Known {
  readonly at: Instant;
  readonly signal?: Signal;
}

/** What a timeline tells, by kind. */
export interface Story {
  readonly prompts: Readonly<Record<PromptClass, readonly Prompt[]>>;
  readonly done: Timeline;
  readonly satisfied: Timeline;
  readonly resets: Timeline;
  readonly unverified: readonly Interval[];
  readonly all: Timeline;
}

export interface LoopSettings {
  readonly prompts: number;
  readonly days: number;
  readonly window: number;
  readonly quiet: number;
}

export function readStory(all: Timeline, { quiet }: LoopSettings): Story {
  const of = (kind: string): Timeline => all.filter((signal) => signal.kind === kind);
  const asked = of('prompt').filter(({ facts }) => facts['guest'] !== true);
  const mfa = promptsIn(asked, 'mfa');
  // An attempt that was asked to register for MFA as well is about MFA.
  const ofMfa = Map.groupBy(mfa, ({ attempt }) => attempt);
  const sspr = promptsIn(asked, 'sspr').filter(
    (each) => ofMfa.get(each.attempt)?.some((other) => isSame(each, other)) !== true,
  );
  const done = of('done').filter(isDone);
  const satisfied = of('mfa-satisfied').toSorted((a, b) => byTime(satisfiedAt(a), satisfiedAt(b)));
  return {
    prompts: { sspr: withQuiet(sspr, quiet), mfa: withQuiet(mfa, quiet) },
    done,
    satisfied,
    resets: of('methods-reset'),
    unverified: unverifiedIn(all, done, satisfied),
    all,
  };
}

/** With a pass or an app password nobody is registered. */
function isDone({ facts }: Signal): boolean {
  const method = textOf(facts['method']);
  return facts['failed'] !== true && method !== 'temporary-pass' && method !== 'app-password';
}

/** By time. An attempt over the end of an hour is in two signals and one prompt. */
function promptsIn(asked: Timeline, about: PromptClass): Attempt[] {
  const latest = new Map<string, Attempt>();
  const prompts: Attempt[] = [];
  for (const { at: began, facts } of asked.filter((each) => each.facts['about'] === about)) {
    const rows = [...objectsIn(facts['firstRows']), ...objectsIn(facts['lastRows'])];
    for (const attempt of textsIn(facts['attempts'])) {
      const row = rows.find((each) => each['attempt'] === attempt);
      const prompt: Attempt = {
        attempt,
        at: row === undefined ? began : (row['at'] as Instant),
        ...(row !== undefined && {
          row: { eventId: textOf(row['eventId']), errorCode: textOf(row['errorCode']) },
        }),
      };
      const before = latest.get(attempt);
      if (before === undefined || !isSame(before, prompt)) {
        prompts.push(prompt);
      }
      latest.set(attempt, prompt);
    }
  }
  return prompts.sort((a, b) => byTime(a, b) || (a.attempt < b.attempt ? -1 : 1));
}

/** One correlation id can span attempts (splunk/security_content 3134): hours apart they are two. */
function isSame(one: Attempt, other: Attempt): boolean {
  const [first, last] = one.at < other.at ? [one, other] : [other, one];
  return one.attempt === other.attempt && last.at < plus(first.at, SAME_ATTEMPT);
}

function withQuiet(prompts: readonly Attempt[], quiet: number): Prompt[] {
  let next: Prompt | undefined;
  const latestFirst = prompts.toReversed().map((prompt) => {
    const own = quietAfter(prompt.at, quiet);
    next = { ...prompt, quietAt: next !== undefined && next.at < own ? next.quietAt : own };
    return next;
  });
  return latestFirst.reverse();
}

/**
 * From each prompt on the fewest that are a loop. They overlap: what is asked of each is whether a registration answered
 * it.
 */
export function runsIn(story: Story, settings: LoopSettings): Run[] {
  return (['sspr', 'mfa'] as const).flatMap((about) => runsOf(story, about, settings));
}

function runsOf(story: Story, about: PromptClass, settings: LoopSettings): Run[] {
  const prompts = story.prompts[about];
  // Of each prompt, which day among the days with prompts; and of each such day, its first prompt.
  const firsts: number[] = [];
  const ranks = prompts.map(({ at }, i) => {
    const before = prompts[i - 1];
    if (before === undefined || dayOf(before.at) !== dayOf(at)) {
      firsts.push(i);
    }
    return firsts.length - 1;
  });
  return prompts.flatMap(({ at }, from) => {
    const onDays = firsts[(ranks[from] ?? 0) + settings.days - 1] ?? prompts.length;
    const to = Math.max(from + settings.prompts - 1, onDays, from);
    const last = prompts[to];
    if (last === undefined || last.at > plus(at, settings.window)) {
      return [];
    }
    const known = registeredBefore(story, at);
    const isReset = story.resets.some((each) => each.at >= at && each.at <= last.at);
    // The authenticator that was never verified is the cause; mfa-registration-unfinished tells of it, as confirmed.
    const isUnfinished =
      about === 'mfa' && story.unverified.some((each) => each.from <= last.at && last.at < each.to);
    return known === undefined || isReset || isUnfinished
      ? []
      : [{ about, at, last, from, to, known }];
  });
}

/** Of a new starter, and of somebody whose methods were taken away, nobody expects anything else than to be asked. */
function registeredBefore(story: Story, at: Instant): Known | undefined {
  const since = story.resets.findLast((reset) => reset.at < at)?.at ?? '';
  const done = story.done.findLast((each) => each.at > since && each.at < at);
  const ok = story.satisfied.findLast((each) => {
    const { at: then } = satisfiedAt(each);
    return then > since && then < at;
  });
  const okAt = ok === undefined ? undefined : satisfiedAt(ok).at;
  if (ok !== undefined && okAt !== undefined && (done === undefined || okAt >= done.at)) {
    return { at: okAt, signal: ok };
  }
  if (done !== undefined) {
    return { at: done.at, signal: done };
  }
  const seen = observationsOf(story.all, 'isMfaCapable').find(
    (each) =>
      each.value &&
      each.at > since &&
      !story.done.some((other) => other.at >= at && other.at <= each.at),
  );
  return seen && { at: earliest(seen.at, at) };
}

/** From when to when an authenticator that was added was not verified. */
function unverifiedIn(all: Timeline, done: Timeline, satisfied: Timeline): Interval[] {
  return all
    .filter(({ kind }) => kind === 'device-added')
    .map(({ at: from, facts: { device } }) => {
      const verified = done.find(({ at }) => at >= plus(from, -SKEW));
      const used = satisfied
        .filter(({ facts }) => facts['by'] === device)
        .map((each) => satisfiedAt(each).at)
        .find((at) => at >= plus(from, VERIFIED_AFTER));
      const gone = all.find(
        ({ kind, at, facts }) =>
          at >= from &&
          (kind === 'methods-reset' || (kind === 'device-removed' && facts['device'] === device)),
      );
      const ends = [verified?.at, used, gone?.at].filter((each) => each !== undefined);
      return { from, to: earliest(...ends) ?? EVER };
    });
}

/** The earliest event time that bears on a run: a finding of it does not outlive what shows the registration. */
export function earliestOf({ at, known }: Run): Instant {
  return earliest(startOfMonth(at), known.at);
}

/** The first registration from the beginning of a run on, as long as its prompts go on. */
export function doneAfter({ at, last }: Run, { done }: Story): Signal | undefined {
  return done.find((each) => each.at >= at && each.at < last.quietAt);
}

/** The latest word on each role at a time, where it is that they had it. */
export function rolesAt({ all }: Story, at: Instant): readonly Signal[] {
  const latest = new Map<string, Signal>();
  for (const each of all) {
    if (each.at <= at && (each.kind === 'role-added' || each.kind === 'role-removed')) {
      latest.set(textOf(each.facts['role']).toLowerCase(), each);
    }
  }
  return [...latest.values()].filter(({ kind }) => kind === 'role-added');
}
