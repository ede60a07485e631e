import type { JsonObject } from '../../domain/json';
import type { Message, MessageContext } from '../../domain/detector';
import { textOf, textsIn } from '../../domain/facts';
import { METHOD_WORDS, type MethodKind } from '../../domain/records/security-info';
import type { Signal } from '../../domain/findings/signal';
import { toInstant, toMinute } from '../../domain/time';

import type { PromptClass } from './signals';

export type MessageId = 'admin-sspr' | 'needs-more' | 'unexplained';

/** What the page asks for, in words. */
export const ASKS_FOR: Readonly<Record<PromptClass, string>> = {
  sspr: 'self-service password reset',
  mfa: 'MFA',
};

export const MESSAGES: Readonly<Record<MessageId, Message>> = {
  'admin-sspr': {
    title: 'Administrator asked for more information again and again',
    summary: (context) => `${asked(context)} ${conflict(context.facts)}${after(context)}`,
  },
  'needs-more': {
    title: 'Password reset asks for more methods than MFA',
    summary: (context) =>
      `${asked(context)} They can do MFA and are not registered for self-service password reset, which wants more ` +
      `methods than they have.${after(context)}`,
  },
  unexplained: {
    title: 'Asked for more information again and again',
    summary: (context) =>
      `${asked(context)} Entra wanted them to register for ${textOf(context.facts['asksFor'])}; why it does not take ` +
      `what they have is not known.${after(context)}`,
  },
};

function asked({ who, count, facts, firstSeenAt }: MessageContext): string {
  const satisfied = time(facts, 'mfaSatisfiedAt');
  const registered = time(facts, 'registeredAt');
  const proof = satisfied
    ? `their methods work (MFA satisfied at ${satisfied})`
    : `they are registered${registered && ` (since ${registered} or before)`}`;
  return (
    `${who} was asked for "more information" at ${count} sign-ins on ${textOf(facts['days'])} days since ` +
    `${toMinute(firstSeenAt)} although ${proof}.`
  );
}

/** Self-service reset is on for them, and off for administrators. */
function conflict(facts: JsonObject): string {
  const roles = textsIn(facts['roles']);
  const held = roles.length > 0 ? roles.join(', ') : 'an administrator role';
  const isOn = `is ${facts['resetForThem'] === 'on' ? '' : 'likely '}on for them`;
  const policy =
    facts['resetForAdministrators'] === 'off'
      ? `Self-service password reset ${isOn} and switched off for administrators`
      : 'Likely, self-service password reset is on for them and switched off for administrators (the policy is not known)';
  return `They hold ${held}. ${policy}: the page then asks for nothing and offers only "Skip setup".`;
}

function after({ facts, completeTo }: MessageContext): string {
  const apps = textsIn(facts['apps']);
  const cancelled = Number(facts['cancelledTimes'] ?? 0);
  const ended = time(facts, 'endedAt');
  return [
    apps.length > 0 ? ` They were signing in to ${apps.slice(0, 3).join(', ')}.` : '',
    cancelled > 0
      ? ` They cancelled a registration ${cancelled === 1 ? 'once' : `${cancelled} times`}.`
      : '',
    ended
      ? ` Since then, at ${ended}: ${textOf(facts['ended'])}.`
      : ` No registration was completed by ${time(facts, 'noRegistrationBy')} (log complete to ${toMinute(completeTo)}).`,
  ].join('');
}

/** What a signal shows, in a few words. */
export function describe({ kind, facts }: Signal): string {
  const method = METHOD_WORDS[textOf(facts['method']) as MethodKind] as string | undefined;
  if (kind === 'done') {
    return doneWords(textOf(facts['activity']).toLowerCase(), method);
  }
  if (kind === 'role-added') {
    return `the role ${textOf(facts['role'])} was assigned`;
  }
  return facts['by'] === 'sign-in'
    ? 'MFA was satisfied at a sign-in'
    : 'their authenticator answered an MFA prompt';
}

function doneWords(activity: string, method: string | undefined): string {
  if (activity.includes('reviewed')) {
    return 'the security info was reviewed';
  }
  return activity.includes('all required')
    ? 'all required security info was registered'
    : `${method ?? 'a method'} was registered`;
}

/** What an interrupted sign-in wanted. */
export function describePrompt(errorCode: string): string {
  return `a sign-in was interrupted to ask for more information${errorCode && ` (${errorCode})`}`;
}

function time(facts: JsonObject, name: string): string {
  const text = textOf(facts[name]);
  return text && toMinute(toInstant(text));
}
