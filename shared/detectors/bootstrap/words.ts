import type { Message, MessageContext } from '../../domain/detector';
import { textOf, textsIn } from '../../domain/facts';
import type { Signal } from '../../domain/findings/signal';
import type { Json, JsonObject } from '../../domain/json';
import { METHOD_WORDS } from '../../domain/records/security-info';
import { toInstant, toMinute } from '../../domain/time';
import type { Kind } from './signals';

export type MessageId = 'reset-not-followed' | 'pass-not-followed';

export const MESSAGES: Readonly<Record<MessageId, Message>> = {
  'reset-not-followed': {
    title: 'Sign-in methods reset, nothing registered in time',
    summary: resetInWords,
  },
  'pass-not-followed': {
    title: 'Temporary Access Pass issued, nothing registered in time',
    summary: passInWords,
  },
};

function resetInWords(context: MessageContext): string {
  const { who, facts, firstSeenAt } = context;
  const what =
    facts['reregistrationRequired'] === true
      ? `${who} was required by an administrator to register MFA methods again at`
      : `An administrator took all MFA methods off the account of ${who} at`;
  const pass = time(facts, 'passIssuedAt');
  return sentences(
    `${what} ${time(facts, 'resetAt') || toMinute(firstSeenAt)}.`,
    pass && `A Temporary Access Pass was issued at ${pass}.`,
    nothingSince(context),
    'Without a method they cannot pass an MFA prompt, and whoever knows the password can register one in their place.',
    ...moreOf(facts),
  );
}

function passInWords(context: MessageContext): string {
  const { who, facts, firstSeenAt } = context;
  const validTo = time(facts, 'passValidTo');
  const earlier = time(facts, 'earlierAt');
  return sentences(
    `${who} was issued a Temporary Access Pass at ${time(facts, 'passIssuedAt') || toMinute(firstSeenAt)}` +
      `${validTo && `, valid to ${validTo}`}.`,
    nothingSince(context),
    earlier === ''
      ? 'No method of theirs is known; without one they cannot pass an MFA prompt, and whoever knows the password can register one in their place.'
      : `They may still have a method from before: at ${earlier} ${textOf(facts['earlier'])}.`,
    ...moreOf(facts),
  );
}

function nothingSince({ facts, completeTo }: MessageContext): string {
  return `No registration was logged after that by ${time(facts, 'awaitedUntil')} (log complete to ${toMinute(completeTo)}).`;
}

function moreOf(facts: JsonObject): readonly string[] {
  const roles = textsIn(facts['roles']);
  const ended = textOf(facts['ended']);
  return [
    roles.length > 0 ? `They hold ${roles.join(', ')}.` : '',
    ended === '' ? 'They may be on leave.' : `Since then, at ${time(facts, 'endedAt')}: ${ended}.`,
  ];
}

/** What a signal shows, in a few words. */
export function describe({ kind, facts }: Signal): string {
  const method = words(facts['method']);
  switch (kind as Exclude<Kind, 'role-removed' | 'returned'>) {
    case 'reset':
      return facts['required'] === true
        ? 'an administrator required registration anew'
        : 'an administrator took all MFA methods off the account';
    case 'registered-by-admin':
      return facts['method'] === 'temporary-pass'
        ? 'a Temporary Access Pass was issued'
        : `an administrator registered ${method} for them`;
    case 'withdrawn':
      return 'the Temporary Access Pass was withdrawn';
    case 'registered':
      return `${method} was registered`;
    case 'added':
      return 'an authenticator was added';
    case 'role-added':
      return `the role ${textOf(facts['role'])} was assigned`;
    case 'left':
      return facts['how'] === 'deleted' ? 'the account was deleted' : 'the account was disabled';
  }
}

function words(method: Json | undefined): string {
  const known: Readonly<Record<string, string>> = METHOD_WORDS;
  return textOf(method) === 'all'
    ? 'all required security info'
    : (known[textOf(method)] ?? 'a method');
}

function time(facts: JsonObject, name: string): string {
  const text = textOf(facts[name]);
  return text && toMinute(toInstant(text));
}

function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
