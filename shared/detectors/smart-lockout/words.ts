import type { Message, MessageContext } from '../../domain/detector';
import { textOf, textsIn } from '../../domain/facts';
import { formatDuration, MINUTE, SECOND, toMinute, type Instant } from '../../domain/time';

export type MessageId = 'guessed' | 'spread' | 'stale' | 'forgot' | 'overshoot';

export const MESSAGES: Readonly<Record<MessageId, Message>> = {
  guessed: {
    title: 'Many wrong passwords, then the right one',
    summary: (context) => {
      const { facts } = context;
      return sentences(
        `${context.who}: ${tries(context)} from ${places(facts)} ${span(context)}, then the right one at ` +
          `${time(facts, 'rightAt')} from ${rightPlace(facts)} (sign-in code ${textOf(facts['rightCode'])})`,
        lockout(facts),
        CHANGES[textOf(facts['passwordChanges'])] ?? '',
        blocked(facts),
        changed(facts) || 'Change the password and revoke sessions',
      );
    },
  },
  spread: {
    title: 'Wrong passwords from many places',
    summary: (context) =>
      sentences(
        `${context.who}: ${tries(context)} from ${places(context.facts)} ${span(context)}`,
        context.facts['isRightUnknown'] === true
          ? 'Part of the sign-ins of that time was not read, so it is not known whether one of them was right'
          : `No sign-in shows that one of them was right (log complete to ${toMinute(context.completeTo)})`,
        lockout(context.facts),
        blocked(context.facts),
        changed(context.facts),
      ),
  },
  stale: {
    title: 'A device keeps sending an old password',
    summary: (context) => {
      const { facts } = context;
      const [address = 'an unknown address'] = textsIn(facts['addresses']);
      return sentences(
        `${context.who}'s ${client(facts)} at ${address} has sent a wrong password ${amount(context)} times since ` +
          `${toMinute(context.firstSeenAt)}, ${every(facts)}`,
        'The same wrong password repeated does not lock the account; a stored old password does this',
        changed(facts),
      );
    },
  },
  forgot: {
    title: 'Password forgotten',
    summary: (context) => {
      const next =
        changed(context.facts) ||
        `Signed in with the right one at ${time(context.facts, 'rightAt')}`;
      return sentences(`${context.who}: ${tries(context)} in a browser ${span(context)}`, next);
    },
  },
  overshoot: {
    title: 'More wrong passwords than the lockout threshold',
    summary: ({ who, facts }) =>
      sentences(
        `${who}: ${textOf(facts['triesBeforeLockout'])} wrong passwords were logged before the lockout at ` +
          `${time(facts, 'lockedAt')}; the threshold is ${textOf(facts['threshold'])}`,
        'This is how smart lockout works: repeats of one password are not counted, and familiar and unfamiliar places are counted apart',
        changed(facts),
      ),
  },
};

const CHANGES: Readonly<Record<string, string>> = {
  'not-known': 'It is not known whether the password was changed in between',
  'not-yet':
    'It is not known whether the password was changed in between: the audit log was not read so far yet',
};

type Facts = MessageContext['facts'];

function tries(context: MessageContext): string {
  return `${amount(context)} wrong passwords`;
}

function amount({ facts }: MessageContext): string {
  const count = Number(facts['tries']).toLocaleString('en');
  return facts['isAtLeast'] === true ? `${count} or more` : count;
}

function span({ firstSeenAt, lastSeenAt, facts }: MessageContext): string {
  const from = (facts['from'] as Instant | undefined) ?? firstSeenAt;
  const to = (facts['to'] as Instant | undefined) ?? lastSeenAt;
  return `between ${toMinute(from)} and ${toMinute(to)}`;
}

function places(facts: Facts): string {
  const count = Number(facts['addressCount']);
  const countries = textsIn(facts['countries']);
  const addresses =
    count === 1 ? (textsIn(facts['addresses'])[0] ?? 'one address') : `${count} addresses`;
  return countries.length === 0
    ? addresses
    : `${addresses} (${countries.slice(0, 5).join(', ')}${countries.length > 5 ? ' and more' : ''})`;
}

function rightPlace(facts: Facts): string {
  const place = textOf(facts['rightPlace']);
  return place === ''
    ? textOf(facts['rightAddress'])
    : `${textOf(facts['rightAddress'])}, ${place}`;
}

function lockout(facts: Facts): string {
  const at = time(facts, 'lockedAt');
  return at === '' ? 'Smart lockout did not appear in the log' : `Smart lockout appeared at ${at}`;
}

function blocked(facts: Facts): string {
  const count = Number(facts['blockedByAddress'] ?? 0);
  return count === 0
    ? ''
    : `${count.toLocaleString('en')} more ${count === 1 ? 'try was' : 'tries were'} refused because of the address`;
}

function client(facts: Facts): string {
  const [name = 'client'] = textsIn(facts['clients']);
  const [system = ''] = textsIn(facts['systems']);
  return system === '' ? name : `${name} (${system})`;
}

function every(facts: Facts): string {
  const ms = Number(facts['every']);
  const unit = ms >= MINUTE ? MINUTE : SECOND;
  return `about every ${formatDuration(Math.max(unit, Math.round(ms / unit) * unit))}`;
}

function changed(facts: Facts): string {
  const at = time(facts, 'passwordChangedAt');
  const revoked = time(facts, 'sessionsRevokedAt');
  return at !== ''
    ? `The password was changed at ${at}`
    : revoked !== ''
      ? `Sessions were revoked at ${revoked}; no change of the password is logged since`
      : '';
}

function time(facts: Facts, name: string): string {
  const at = facts[name];
  return at === undefined || at === null ? '' : toMinute(at as Instant);
}

function sentences(...parts: readonly string[]): string {
  return parts.flatMap((part) => (part === '' ? [] : [`${part}.`])).join(' ');
}
