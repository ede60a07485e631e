import type { JsonObject } from '../../domain/json';
import type { Message, MessageContext } from '../../domain/detector';
import { textOf, textsIn } from '../../domain/facts';
import { METHOD_WORDS, STRONG_METHODS, type MethodKind } from '../../domain/records/security-info';
import type { Signal } from '../../domain/findings/signal';
import { toInstant, toMinute } from '../../domain/time';
import { capitalized, enumerated } from '../../domain/text';
import type { Kind } from './signals';

export type MessageId =
  'unfinished' | 'late' | 'retried' | 'removed' | 'reset' | 'left' | 'started';

/** One title for each way it can end. */
export const MESSAGES: Readonly<Record<MessageId, Message>> = {
  unfinished: {
    title: 'Authenticator added but never verified',
    summary: (context) =>
      `${added(context)}, no verification logged by ${toMinute(context.since)} (log complete to ` +
      `${toMinute(context.completeTo)}). It is listed on the account but cannot satisfy MFA. ` +
      sentences(outlookIn(context.facts), ...contextIn(context.facts)),
  },
  late: { title: 'Authenticator verified late', summary: ended },
  retried: { title: 'Authenticator registered again and verified', summary: ended },
  removed: { title: 'Unverified authenticator removed', summary: ended },
  reset: { title: 'Unverified authenticator reset by an administrator', summary: ended },
  left: { title: 'Account closed before its authenticator was verified', summary: ended },
  started: {
    title: 'Security info registration started and left',
    summary: (context) =>
      `${context.who} started to register an authenticator at ${toMinute(context.firstSeenAt)} and nothing followed ` +
      `(log complete to ${toMinute(context.completeTo)}). Alone this puts nothing on the account.`,
  },
};

function added({ who, firstSeenAt, facts }: MessageContext): string {
  const name = textOf(facts['deviceName']);
  const what =
    facts['codesOnly'] === true
      ? 'an authenticator app that only shows codes'
      : name === ''
        ? 'an authenticator'
        : `the authenticator "${name}"`;
  return `${who} added ${what} at ${toMinute(firstSeenAt)}`;
}

function ended(context: MessageContext): string {
  const what = capitalized(textOf(context.facts['ended']));
  return (
    `${added(context)} and had not verified it by ${toMinute(context.since)}. ` +
    sentences(`${what} at ${time(context.facts, 'endedAt')}.`, wasAsked(context.facts))
  );
}

/** What the next MFA prompt will be like for them. */
function outlookIn(facts: JsonObject): string {
  const others = textsIn(facts['otherMethods']);
  const asked = wasAsked(facts);
  const left = time(facts, 'otherRemovedAt');
  if (left !== '') {
    return sentences(
      asked,
      `Their other authenticator was removed at ${left}: only this one, which cannot be used, is left.`,
    );
  }
  if (others.length > 0) {
    const strong = others.filter((word) => STRONG_WORDS.includes(word));
    const weaker = others.filter((word) => !STRONG_WORDS.includes(word));
    return sentences(
      asked,
      strong.length > 0 ? `They can sign in with ${enumerated(strong)}.` : '',
      weaker.length > 0 ? `Another method of theirs is known: ${enumerated(weaker)}.` : '',
    );
  }
  const ahead = 'At the next MFA prompt they will be asked to set up again.';
  const pass = time(facts, 'passIssuedAt');
  return sentences(
    asked === '' ? ahead : asked,
    pass === '' ? 'Whether they have another method is unknown.' : '',
    pass &&
      `A Temporary Access Pass was issued at ${pass}; when it expires, no method is known that works.`,
  );
}

const STRONG_WORDS = STRONG_METHODS.map((method) => METHOD_WORDS[method]);

function wasAsked(facts: JsonObject): string {
  const asked = time(facts, 'askedAgainAt');
  return asked && `Confirmed by the sign-in log: they were asked to set up again at ${asked}.`;
}

function contextIn(facts: JsonObject): readonly string[] {
  const roles = textsIn(facts['roles']);
  const useless = textsIn(facts['weakMethods']);
  const places = textOf(facts['placesUsed']);
  const info = time(facts, 'askedForInfoAt');
  const blocked = time(facts, 'registrationBlockedAt');
  const unclear = time(facts, 'deletionUnclearAt');
  const said: readonly (readonly [unknown, string])[] = [
    [facts['replacedAnother'], 'It took the place of another in one step.'],
    [facts['cancelled'], 'They cancelled the registration; the authenticator stayed listed.'],
    [
      useless.length,
      `They also registered ${enumerated(useless)}, which cannot answer an MFA prompt.`,
    ],
    [info, `A sign-in was interrupted at ${info} to ask for security info.`],
    [blocked, `A sign-in at ${blocked} was blocked from registering MFA.`],
    [unclear, `An authenticator was deleted at ${unclear}; the log does not show which one.`],
    [roles.length, `They hold ${roles.join(', ')}.`],
    [places, `${places} places used by authenticators.`],
  ];
  return said.flatMap(([isSo, text]) => (isSo ? [text] : []));
}

/** What a signal shows, in a few words. */
export function describe(each: Signal): string {
  const { facts } = each;
  const name = textOf(facts['name']);
  const method = METHOD_WORDS[textOf(facts['method']) as MethodKind] as string | undefined;
  switch (each.kind as Kind) {
    case 'device-added':
      return `the authenticator${name && ` "${name}"`} was added to the account`;
    case 'device-removed':
      return 'the authenticator was removed from the account';
    case 'device-used':
      return 'the authenticator was used to sign in';
    case 'started':
      return 'registration was started';
    case 'completed':
      return 'registration was completed';
    case 'registered-unnamed':
      return 'registration was completed (the row names no method and follows the authenticator)';
    case 'registered-all':
      return 'all required security info was registered, and no other method since';
    case 'cancelled':
      return 'registration was cancelled';
    case 'deleted':
      return facts['by'] === 'admin'
        ? 'an administrator deleted the authenticator'
        : 'the user deleted the authenticator';
    case 'admin-reset':
      return 'an administrator reset the methods';
    case 'other-method':
      return `${method ?? 'another method'} was registered`;
    case 'method-removed':
      return `${method ?? 'another method'} was removed`;
    case 'role-added':
      return `the role ${textOf(facts['role'])} was assigned`;
    case 'role-removed':
      return `the role ${textOf(facts['role'])} ended`;
    case 'asked-again':
      return 'a sign-in asked them to set up MFA again';
    case 'asked-for-info':
      return 'a sign-in was interrupted to ask for security info';
    case 'proof-up-blocked':
      return `registering MFA was blocked at sign-in (${textOf(facts['errorCode'])})`;
    case 'left':
      return facts['how'] === 'disabled' ? 'the account was disabled' : 'the account was deleted';
    case 'returned':
      return 'the account was enabled or restored';
  }
}

function time(facts: JsonObject, name: string): string {
  const text = textOf(facts[name]);
  return text && toMinute(toInstant(text));
}

function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
