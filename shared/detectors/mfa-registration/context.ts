import type { JsonObject } from '../../domain/json';
import type { Evidence, Severity } from '../../domain/detector';
import { objectsIn, textOf, textsIn } from '../../domain/facts';
import { rolesHeld } from '../../domain/records/roles';
import { METHOD_WORDS, USABLE_METHODS, type MethodKind } from '../../domain/records/security-info';
import { instantOf, PLACES } from '../../domain/records/strong-authentication';
import type { Signal } from '../../domain/findings/signal';
import { byTime, DAY, MINUTE, plus, toInstant, type Instant } from '../../domain/time';
import type { Kind } from './signals';
import {
  deletionOf,
  endOf,
  evidenceOf,
  knownMethods,
  listedAt,
  type End,
  type Question,
} from './story';

/** What makes an unfinished registration matter more or less. */
export interface Context {
  readonly severity: Severity;
  readonly facts: JsonObject;
  readonly evidence: readonly Evidence[];
}

/** Two rows of one registration come within this much of each other; the more exact one counts. */
const SAME_REGISTRATION = 5 * MINUTE;
/** A Temporary Access Pass issued this long before is what the registration was made with. */
const PASS_BEFORE = DAY;
const EVER = toInstant('9999-12-31T00:00:00Z');

/** What came after the end changes nothing any more. */
export function contextOf(
  question: Question,
  entries: readonly Signal[],
  end: End | undefined,
): Context {
  const { settings } = question;
  const [first] = entries as [Signal];
  const last = entries.at(-1) ?? first;
  const to = end?.at ?? EVER;
  const deadline = plus(last.at, settings.grace);
  const story = question.story.all.filter((each) => each.at <= to);
  const firstOf = (kind: Kind, from: Instant): Signal | undefined =>
    story.find((each) => each.kind === kind && each.at >= from);

  const comfort = comfortOf(question, first, to);
  const isAlone = comfort.methods.length === 0 && comfort.authenticators.length === 0;
  const roles = rolesHeld(story);
  const blocked = firstOf('proof-up-blocked', first.at);
  const asked = asksOf(story, 'asked-again').find(({ at }) => at > deadline && at <= to);
  const info = asksOf(story, 'asked-for-info').find(({ at }) => at >= first.at && at <= to);
  const otherRemoved = isAlone ? otherRemovedIn(question, story, first) : undefined;
  const pass = isAlone ? passBefore(story, first) : undefined;
  const isReplacement = isAlone && replacesAnother(last);
  const cancelled = story.filter(
    (each) => each.kind === 'cancelled' && each.at >= first.at && each.at < deadline,
  );
  const unclear = question.story.all.find(
    (each) =>
      each.kind === 'deleted' &&
      question.device !== undefined &&
      each.at <= to &&
      deletionOf(each, first, question) === 'unclear',
  );
  const urgent = [roles.at(-1), blocked, asked, otherRemoved, pass].filter(
    (each) => each !== undefined,
  );
  const isKnown = !isAlone || isReplacement || cancelled.length > 0;
  return {
    severity: urgent.length > 0 ? 'high' : isKnown ? 'low' : 'medium',
    facts: {
      ...placesUsed(story),
      ...(comfort.words.length > 0 && { otherMethods: comfort.words }),
      ...(comfort.useless.length > 0 && { weakMethods: comfort.useless }),
      ...(isReplacement && { replacedAnother: true }),
      ...(cancelled.length > 0 && { cancelled: true }),
      ...(roles.length > 0 && { roles: roles.map((each) => textOf(each.facts['role'])) }),
      ...at('askedAgainAt', asked),
      ...at('askedForInfoAt', info),
      ...at('registrationBlockedAt', blocked),
      ...at('otherRemovedAt', otherRemoved),
      ...at('passIssuedAt', pass),
      ...at('deletionUnclearAt', unclear),
    },
    evidence: [
      ...cancelled,
      ...comfort.methods.filter((each) => each.at >= first.at),
      ...urgent.filter((each) => each !== otherRemoved),
      ...(unclear === undefined ? [] : [unclear]),
    ]
      .map(evidenceOf)
      .concat(
        otherRemoved === undefined
          ? []
          : { ...evidenceOf(otherRemoved), what: 'another authenticator was removed' },
      ),
  };
}

function at(name: string, each: Signal | undefined): JsonObject {
  return each === undefined ? {} : { [name]: each.at };
}

// ------------------------------------------------------------------------------------------------------------ comfort

interface Comfort {
  /** Methods that answer an MFA prompt. */
  readonly methods: readonly Signal[];
  /** Ids of other authenticators that can be used, as far as known. */
  readonly authenticators: readonly string[];
  readonly words: readonly string[];
  /** What was registered and answers none. */
  readonly useless: readonly string[];
}

function comfortOf(question: Question, first: Signal, to: Instant): Comfort {
  const { story, settings } = question;
  const from = plus(first.at, -settings.lookback);
  const known = knownMethods(story, to, from);
  const methods = known
    .filter((each) => USABLE_METHODS.includes(methodIn(each)))
    .filter((each) => methodIn(each) !== 'passkey' || !isSaidMoreExactly(each, question));
  const useless = known.filter((each) => USELESS.includes(methodIn(each)));
  const authenticators = otherAuthenticators(question, first, to);
  const wordOf = (each: Signal): string => METHOD_WORDS[methodIn(each)];
  return {
    methods,
    authenticators,
    words: [
      ...methods.map(wordOf),
      ...(authenticators.length > 0 ? ['another authenticator'] : []),
    ],
    useless: useless.map(wordOf),
  };
}

const USELESS: readonly MethodKind[] = ['email', 'app-password', 'questions'];

function methodIn(each: Signal): MethodKind {
  return textOf(each.facts['method']) as MethodKind;
}

// "User registered Passkey" and "Add Passkey (device-bound) security key" are one registration.
function isSaidMoreExactly(passkey: Signal, { story }: Question): boolean {
  return story.all.some(
    (each) =>
      each.at >= plus(passkey.at, -SAME_REGISTRATION) &&
      each.at <= plus(passkey.at, SAME_REGISTRATION) &&
      (each.kind === 'completed' ||
        (each.kind === 'other-method' &&
          ['security-key', 'windows-hello', 'platform-credential'].includes(methodIn(each)))),
  );
}

function otherAuthenticators(question: Question, first: Signal, to: Instant): readonly string[] {
  const { story, device, settings } = question;
  const listed = listedAt(story, to).filter((id) => id !== device && isUsable(id, question));
  if (listed.length > 0 || first.facts['others'] !== null) {
    return listed;
  }
  // The row does not say what was listed before: an earlier verification was of another authenticator.
  const earlier = story.all.filter(
    ({ kind, at }) =>
      kind === 'completed' &&
      at >= plus(first.at, -settings.lookback) &&
      at < plus(first.at, -settings.skew),
  );
  return earlier.map((each) => each.key);
}

// One whose own adding is in view must have been verified in view, too; of another nobody knows better.
function isUsable(id: string, question: Question): boolean {
  const entries = question.story.added.filter((each) => each.facts['device'] === id);
  return (
    entries.length === 0 ||
    entries.some((entry) => {
      const { end } = endOf(entry, { ...question, device: id });
      return end?.code === 'completed' || end?.code === 'used';
    })
  );
}

// The service put this one in the place of another in one step, as when the app is installed anew.
function replacesAnother({ facts }: Signal): boolean {
  const listed = textsIn(facts['listed']);
  return textsIn(facts['others']).some((old) => !listed.includes(old));
}

// ------------------------------------------------------------------------------------------------------------ urgency

function otherRemovedIn(
  question: Question,
  story: readonly Signal[],
  first: Signal,
): Signal | undefined {
  const { others } = first.facts;
  const wasThere = (id: string): boolean =>
    others === null ||
    textsIn(others).includes(id) ||
    story.some((each) => each.kind === 'device-added' && each.facts['device'] === id);
  return story.find(
    (each) =>
      each.kind === 'device-removed' &&
      each.at >= first.at &&
      each.eventId !== first.eventId &&
      question.device !== undefined &&
      each.facts['device'] !== question.device &&
      wasThere(textOf(each.facts['device'])) &&
      isUsable(textOf(each.facts['device']), question),
  );
}

function passBefore(story: readonly Signal[], first: Signal): Signal | undefined {
  return story.findLast(
    (each) =>
      each.kind === 'other-method' &&
      methodIn(each) === 'temporary-pass' &&
      each.at <= first.at &&
      each.at >= plus(first.at, -PASS_BEFORE),
  );
}

/** Each time they were asked, earliest first. */
function asksOf(story: readonly Signal[], kind: Kind): readonly Signal[] {
  const asks = story
    .filter((each) => each.kind === kind)
    .flatMap((each) =>
      [...objectsIn(each.facts['asks']), ...objectsIn(each.facts['latestAsks'])].flatMap((ask) => {
        const at = instantOf(ask['at']);
        return at === null ? [] : [{ ...each, at, eventId: textOf(ask['eventId']) }];
      }),
    );
  return asks.sort(byTime);
}

function placesUsed(story: readonly Signal[]): JsonObject {
  const list = story.findLast(({ kind }) => kind === 'device-added' || kind === 'device-removed');
  const listed = textsIn(list?.facts['listed']).length;
  return listed === 0 ? {} : { placesUsed: `${listed} of ${PLACES}` };
}
