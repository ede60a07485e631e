import type { JsonObject } from './json';
import { lookAtAll, type CoverageBySource, type Interval, type Look } from './reading/coverage';
import { isSameFeed, sourcesOf, type Feed, type Property } from './reading/feed';
import type { EntraRecord, Source } from './record';
import { unknownPlacesIn } from './runbook';
import type { JoinRules, Signal } from './findings/signal';
import type { Tally } from './reading/tally';
import { parseDuration, type Duration, type Instant } from './time';

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** `alert`: a person is told. `watch`: stored and shown only, for a detector or message on probation. */
export type Stage = 'alert' | 'watch';

/**
 * Which rows of a source a detector looks at: those whose property has one of these values, compared without case
 * and spaces. The same list is the filter that Graph is asked with, so a row that yields a signal must pass it.
 */
export interface Read {
  readonly source: Source;
  /** The property as Graph's `$filter` names it: with the source, the feed that is read. */
  readonly property: Property;
  readonly values: readonly (string | number)[];
  /** Spellings that begin like this are looked at too, when they come by. */
  readonly prefix?: string;
  /** Rows that sharpen a finding: no absence is concluded from their feed, and nothing waits for it. */
  readonly optional?: boolean;
  /** Optional rows that Graph is asked for all the same. Without it they are looked at when they come by. */
  readonly live?: boolean;
}

/**
 * What the log of a tenant in use always holds some of. When an export holds none, part of the log is missing and
 * the detector's answers are worth less.
 */
export interface Expectation {
  readonly source: Source;
  readonly property: 'activityDisplayName' | 'clientAppUsed';
  readonly values: readonly string[];
  /** What it means when none of these occurs: a whole sentence. */
  readonly otherwise: string;
}

/** A threshold that an operator can set, as `DETECTOR_<ID>_<NAME>`. */
export interface SettingSpec {
  readonly kind: 'duration' | 'count' | 'texts' | 'flag';
  /** A duration such as `60m`, a whole number, texts with commas between them (empty: none), or true or false. */
  readonly default: string;
  readonly meaning: string;
}
export type SettingSpecs = Readonly<Record<string, SettingSpec>>;
/** Milliseconds for durations, plain numbers for counts. */
export type Settings<S extends SettingSpecs> = { readonly [K in keyof S]: ValueOf<S[K]['kind']> };
type ValueOf<K extends SettingSpec['kind']> = K extends 'texts'
  ? readonly string[]
  : K extends 'flag'
    ? boolean
    : number;
/**
 * When a detector runs although nobody switched it on or off: always, never (`off`), where the directory is read, or as
 * soon as a setting of its own that it can do nothing without is set.
 */
export type RunsByDefault = 'always' | 'off' | 'with-directory' | { readonly whenSet: string };
/** What bounds a setting that is a list: every signal may be compared with all of it. */
export const MAX_TEXTS = 20;
export const MAX_TEXT_LENGTH = 100;

/** What makes it the same occurrence. `from` is the earliest event time that could bear on the finding. */
export interface Anchor {
  readonly key: string;
  readonly from: Instant;
}

/** A reference by which an auditor finds the event again, and what it shows in a few words. */
export interface Evidence {
  readonly source: Source;
  readonly eventId: string;
  readonly at: Instant;
  readonly kind: string;
  readonly what: string;
}

/** Cannot be said yet: the end of the stretch is still to be read. */
export interface Pending {
  readonly state: 'pending';
  readonly anchor: Anchor;
  readonly until: Instant;
  readonly what: string;
}

/** Cannot be said: part of the stretch was not read. */
export interface Undetermined {
  readonly state: 'undetermined';
  readonly anchor: Anchor;
  readonly gap: Interval;
  readonly what: string;
}

/** Not so, and this event shows it. Says nothing unless the opposite was stored. */
export interface Disproved {
  readonly state: 'disproved';
  readonly anchor: Anchor;
  readonly by: Evidence;
}

/** True now (`open`), or true once and over (`resolved`). */
export interface Conclusion<M extends string = string> {
  readonly state: 'open' | 'resolved';
  /** How it ended; a code without times. Only and always when resolved. */
  readonly resolution?: string;
  readonly anchor: Anchor;
  readonly message: M;
  readonly severity: Severity;
  readonly stage: Stage;
  /** Start of the present open stretch: an acknowledgement older than this no longer holds. */
  readonly since: Instant;
  readonly firstSeenAt: Instant;
  readonly lastSeenAt: Instant;
  readonly count: number;
  readonly facts: JsonObject;
  /** In any order and with repeats; the engine keeps the first and the last three. */
  readonly evidence: readonly Evidence[];
  /** It goes on from an earlier finding that was told already: its opening is a line, not a card. */
  readonly continues?: boolean;
  /** What did not happen, where that is why it is said. */
  readonly missing?: Missing;
  /** It is said because something did not happen here: the engine looks once more before it opens. */
  readonly absenceWindow?: Interval;
}

/** Something that did not happen, such as "no verification logged", and by when. */
export interface Missing {
  readonly what: string;
  readonly by: Instant;
}

export type Answer<M extends string = string> = Pending | Undetermined | Disproved | Conclusion<M>;

export interface Assessment<M extends string = string> {
  readonly findings: readonly Answer<M>[];
  /** Event time at which the same timeline may give another answer without any new event. */
  readonly askAgainAt?: Instant;
}

/** What a message may use. */
export interface MessageContext {
  /** The subject's name, or its id when no row named it. */
  readonly who: string;
  readonly facts: JsonObject;
  readonly count: number;
  readonly since: Instant;
  readonly firstSeenAt: Instant;
  readonly lastSeenAt: Instant;
  /** The log was completely read to here when this was concluded. */
  readonly completeTo: Instant;
}

export interface Message {
  /** At most 60 characters. */
  readonly title: string;
  readonly summary: (told: MessageContext) => string;
}

/** All signals about one subject, by event time. */
export type Timeline = readonly Signal[];

export interface DetectorSpec<S extends SettingSpecs, M extends string> {
  /** Kebab-case; also the name of the file. */
  readonly id: string;
  /** Raised when the answers change; every timeline is then assessed once more. */
  readonly version: number;
  readonly title: string;
  /** The behaviour, and why it matters. */
  readonly summary: string;
  /** The usual severity; an answer may differ. */
  readonly severity: Severity;
  /** MITRE ATT&CK technique ids. */
  readonly attack: readonly string[];
  /**
   * Two to four steps for the person who gets the alert, naming the time window: `{first seen}` and `{last seen}` become
   * the times of the finding.
   */
  readonly runbook: readonly string[];
  readonly falsePositives: readonly string[];
  readonly blindSpots: readonly string[];
  readonly references: readonly string[];
  readonly settings: S;
  /** Absent: always. */
  readonly runs?: RunsByDefault;
  readonly reads: readonly Read[];
  readonly expects: readonly Expectation[];
  /** What it counts beside: its number is shown, as information. The detector yields `tallySignal` of each such row. */
  readonly tally?: Tally;
  /** How long a signal may bear on an answer. */
  readonly retain: string;
  /** Facts that join by another rule than the general one. */
  readonly join?: JoinRules;
  /**
   * Kinds of signals of which a finding needs one: a timeline without any is not assessed. Absent: any signal will do.
   */
  readonly opens?: readonly string[];
  readonly messages: Readonly<Record<M, Message>>;
  /** Pure; takes no settings; says only what the record says. */
  readonly signals: (record: EntraRecord) => readonly Signal[];
  /** Pure: no clock, no IO. The timeline is sorted by `at`, then key. */
  readonly assess: (
    timeline: Timeline,
    coverage: CoverageBySource,
    settings: Settings<S>,
  ) => Assessment<M>;
}

/** A detector as the engine sees it: settings and messages looked up by name. */
export interface Detector extends Omit<
  DetectorSpec<SettingSpecs, string>,
  'retain' | 'assess' | 'join' | 'runs'
> {
  readonly runs: RunsByDefault;
  readonly retain: Duration;
  readonly join: JoinRules;
  /** The feeds that can show what must not be missing. */
  readonly needs: readonly Feed[];
  readonly assess: (
    timeline: Timeline,
    coverage: CoverageBySource,
    settings: Settings<SettingSpecs>,
  ) => Assessment;
}

/** A detector with the thresholds of this deployment. */
export interface ConfiguredDetector {
  readonly detector: Detector;
  readonly settings: Settings<SettingSpecs>;
  /** `watch` keeps every finding of this detector from alerting. */
  readonly stage: Stage;
}

/**
 * Seals a detector and checks what the compiler cannot.
 * @throws TypeError when the id, the title or the runbook breaks the house rules.
 */
export function defineDetector<const S extends SettingSpecs, M extends string>(
  spec: DetectorSpec<S, M>,
): Detector {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(spec.id)) {
    throw new TypeError(`detector id "${spec.id}" is not kebab-case`);
  }
  if (spec.title.length > 60) {
    throw new TypeError(`detector ${spec.id}: the title is longer than 60 characters`);
  }
  if (spec.runbook.length < 2 || spec.runbook.length > 4) {
    throw new TypeError(`detector ${spec.id}: a runbook has two to four steps`);
  }
  const [unknown] = spec.runbook.flatMap(unknownPlacesIn);
  if (unknown !== undefined) {
    throw new TypeError(
      `detector ${spec.id}: nothing stands for ${unknown} in a runbook; use {first seen} or {last seen}`,
    );
  }
  const { runs = 'always' } = spec;
  if (typeof runs === 'object' && !(runs.whenSet in spec.settings)) {
    throw new TypeError(
      `detector ${spec.id} runs when "${runs.whenSet}" is set, and takes no such setting`,
    );
  }
  const needs = feedsOf(spec.reads.filter((read) => read.optional !== true));
  if (needs.length === 0) {
    throw new TypeError(`detector ${spec.id} reads nothing`);
  }
  return Object.freeze({
    ...spec,
    runs,
    retain: parseDuration(spec.retain),
    join: spec.join ?? {},
    needs,
    // The engine parses settings by the same specs, so every name the detector asks for is there.
    assess: spec.assess as Detector['assess'],
  });
}

/** True when Graph is asked for the rows of this read, with a filter of its own. */
export function isAsked({ optional = false, live = false }: Read): boolean {
  return !optional || live;
}

function feedsOf(reads: readonly Read[]): readonly Feed[] {
  return reads
    .map(({ source, property }): Feed => ({ source, property }))
    .filter((feed, i, all) => all.findIndex((each) => isSameFeed(each, feed)) === i);
}

/** True when absences that the detector concludes rest on this source. */
export function needsSource(
  detector: { readonly needs: readonly Feed[] },
  source: Source,
): boolean {
  return detector.needs.some((feed) => feed.source === source);
}

/** True when Graph is asked for rows of this source for the detector, be it only to sharpen its findings. */
export function asksSource(detector: { readonly reads: readonly Read[] }, source: Source): boolean {
  return detector.reads.some((read) => read.source === source && isAsked(read));
}

/** The settings as shipped. */
export function defaultSettings(specs: SettingSpecs): Settings<SettingSpecs> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, parseSetting(spec, spec.default)]),
  );
}

/**
 * Reads the text of a setting.
 * @throws Error when the text is no duration, no whole number, no list within its bounds, or neither true nor false.
 */
export function parseSetting<K extends SettingSpec['kind']>(
  spec: SettingSpec & { readonly kind: K },
  text: string,
): ValueOf<K>;
export function parseSetting(
  { kind, default: shipped }: SettingSpec,
  text: string,
): number | boolean | readonly string[] {
  if (kind === 'duration') {
    return parseDuration(text);
  }
  if (kind === 'texts') {
    return shipped === '' && text === '' ? [] : parseTexts(text);
  }
  if (kind === 'flag') {
    return parseFlag(text.trim());
  }
  if (!/^\d{1,9}$/.test(text.trim())) {
    throw new RangeError(`"${text.slice(0, 40)}" is not a whole number`);
  }
  return Number(text);
}

function parseFlag(text: string): boolean {
  if (text !== 'true' && text !== 'false') {
    throw new RangeError(`"${text.slice(0, 40)}" is neither true nor false`);
  }
  return text === 'true';
}

function parseTexts(text: string): readonly string[] {
  const texts = text.split(',').flatMap((each) => each.trim() || []);
  if (texts.length === 0 || texts.length > MAX_TEXTS) {
    throw new RangeError(`it holds ${texts.length} texts, not 1 to ${MAX_TEXTS}`);
  }
  const long = texts.find(({ length }) => length > MAX_TEXT_LENGTH);
  if (long !== undefined) {
    throw new RangeError(
      `"${long.slice(0, 40)}" and what follows is longer than ${MAX_TEXT_LENGTH} characters`,
    );
  }
  return texts;
}

/** True when a row with this property value is one that the detector looks at. */
export function admits(read: Read, value: unknown): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') {
    return false;
  }
  const folded = fold(value);
  return (
    foldedValues(read).has(folded) ||
    (read.prefix !== undefined && folded.startsWith(fold(read.prefix)))
  );
}

/** Looks whether absence may be concluded in `[from, to)` from every source the detector needs. */
export function lookForAbsence(
  detector: { readonly needs: readonly Pick<Feed, 'source'>[] },
  coverage: CoverageBySource,
  from: Instant,
  to: Instant,
): Look {
  return lookAtAll(coverage, sourcesOf(detector.needs), from, to);
}

const foldedByRead = new WeakMap<Read, ReadonlySet<string>>();

function foldedValues(read: Read): ReadonlySet<string> {
  let values = foldedByRead.get(read);
  if (values === undefined) {
    values = new Set(read.values.map(fold));
    foldedByRead.set(read, values);
  }
  return values;
}

function fold(value: string | number): string {
  return String(value).replaceAll(' ', '').toLowerCase();
}
