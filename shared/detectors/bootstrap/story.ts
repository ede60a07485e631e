import type { Anchor, Timeline } from '../../domain/detector';
import type { Signal } from '../../domain/findings/signal';
import { instantOf } from '../../domain/records/strong-authentication';
import {
  between,
  byTime,
  DAY,
  latest,
  MINUTE,
  plus,
  type Duration,
  type Instant,
} from '../../domain/time';
import { evidenceFrom, type End, type Sequel } from '../not-followed-by';
import type { Kind } from './signals';
import { describe } from './words';

export type EndCode = 'registered' | 'begun' | 'withdrawn' | 'user-deleted' | 'user-disabled';
export type Thresholds = Readonly<Record<'grace' | 'pass-lifetime', Duration>>;

/** Rows of one act of an administrator are logged within this much of each other. */
const SAME_ACT = 5 * MINUTE;
/** So long after a pass has expired a registration is missed: it may have been made with a session that goes on. */
const AFTER_EXPIRY = DAY;
/** No pass is valid for longer. */
const MAX_PASS = 30 * DAY;

export interface Story {
  readonly all: Timeline;
  readonly registrations: Timeline;
  readonly settings: Thresholds;
  /** When the account was closed and not opened again. */
  readonly gone?: Signal | undefined;
  /** When it was last opened again. */
  readonly back?: Signal | undefined;
}

/** One act of an administrator that a registration must follow. */
export interface Entry {
  readonly kind: 'reset' | 'pass';
  readonly at: Instant;
  readonly rows: readonly [Signal, ...Signal[]];
  /** By when it must have followed, as long as nobody closes the account. */
  readonly due: Instant;
  /** Of a pass. */
  readonly expiry?: { readonly at: Instant; readonly isSaid: boolean };
}

/** Acts that follow each other before anything was registered are one finding: that of the first. */
export interface EpisodeEntry extends Entry {
  readonly episode: Anchor;
  readonly sequel: Sequel<EndCode>;
}

export function readStory(timeline: Timeline, settings: Thresholds): Story {
  const all = timeline.filter(({ facts }) => facts['failed'] !== true);
  const back = all.findLast(({ kind }) => kind === 'returned');
  const gone = all.find(({ kind, at }) => kind === 'left' && (back === undefined || at > back.at));
  const registrations = all.filter(
    (each) => each.kind === 'registered' || (each.kind === 'registered-by-admin' && !isPass(each)),
  );
  return { all, registrations, settings, gone, back };
}

function isPass({ kind, facts }: Signal): boolean {
  return kind === 'registered-by-admin' && facts['method'] === 'temporary-pass';
}

export function entriesIn(story: Story): readonly EpisodeEntry[] {
  const resets = story.all.filter(({ kind }) => kind === 'reset');
  const entries = [
    ...actsIn(resets).map((rows): Entry => {
      const { at } = rows[0];
      return { kind: 'reset', at, rows, due: plus(at, story.settings.grace) };
    }),
    ...actsIn(story.all.filter(isPass)).map((rows): Entry => {
      const { at } = rows[0];
      const expiry = expiryOf(rows, story.settings);
      return { kind: 'pass', at, rows, expiry, due: plus(expiry.at, AFTER_EXPIRY) };
    }),
  ].sort(byTime);
  return inEpisodes(entries, story);
}

/** A row belongs to the act of the row before it when it comes soon after. */
function actsIn(rows: Timeline): readonly (readonly [Signal, ...Signal[]])[] {
  const acts: [Signal, ...Signal[]][] = [];
  for (const row of rows) {
    const act = acts.at(-1);
    const last = act?.at(-1);
    if (act !== undefined && last !== undefined && row.at <= plus(last.at, SAME_ACT)) {
      act.push(row);
    } else {
      acts.push([row]);
    }
  }
  return acts;
}

function expiryOf(
  rows: readonly [Signal, ...Signal[]],
  settings: Thresholds,
): NonNullable<Entry['expiry']> {
  const { at } = rows[0];
  const said = rows.map(({ facts }) => instantOf(facts['validTo'])).find((each) => each !== null);
  return said !== undefined && said > at && said <= plus(at, MAX_PASS + DAY)
    ? { at: said, isSaid: true }
    : { at: plus(at, settings['pass-lifetime']), isSaid: false };
}

function inEpisodes(entries: readonly Entry[], story: Story): readonly EpisodeEntry[] {
  const { grace, 'pass-lifetime': lifetime } = story.settings;
  // What is not known of an act before this one could reach so far.
  const reach = Math.max(grace, lifetime, MAX_PASS + DAY) + AFTER_EXPIRY;
  const found: EpisodeEntry[] = [];
  for (const entry of entries) {
    const last = found.at(-1)?.episode;
    const goesOn = found.some(
      ({ episode, due, sequel: { end } }) =>
        episode === last && entry.at < due && (end === undefined || end.at > entry.at),
    );
    const [{ eventId, key }] = entry.rows;
    const episode =
      last !== undefined && goesOn ? last : { key: eventId ?? key, from: plus(entry.at, -reach) };
    found.push({ ...entry, episode, sequel: endOf(entry, story) });
  }
  return found;
}

/** Nobody registers while their account is closed: the time runs from when it is opened again. */
export function deadlineOf({ at, due }: Entry, { back }: Story): Instant {
  return back === undefined || back.at <= at ? due : latest(due, plus(back.at, between(at, due)));
}

function endOf(entry: Entry, story: Story): Sequel<EndCode> {
  const { at, kind, expiry } = entry;
  const deadline = deadlineOf(entry, story);
  const after = (signals: Timeline, to?: Instant): Signal | undefined =>
    signals.find((each) => each.at >= at && (to === undefined || each.at < to));
  const ofKind = (name: Kind): Timeline => story.all.filter((each) => each.kind === name);
  const ends = [
    endWith(after(story.registrations), 'registered'),
    // Of one that is not verified another detector tells.
    endWith(after(ofKind('added'), deadline), 'begun'),
    kind === 'pass' ? endWith(after(ofKind('withdrawn'), expiry?.at), 'withdrawn') : undefined,
    endWith(story.gone, story.gone?.facts['how'] === 'deleted' ? 'user-deleted' : 'user-disabled'),
  ];
  const [end] = ends.filter((each) => each !== undefined).sort(byTime);
  return end === undefined ? {} : { end };
}

function endWith(signal: Signal | undefined, code: EndCode): End<EndCode> | undefined {
  return signal && { at: signal.at, code, evidence: evidenceFrom(signal, describe(signal)) };
}
