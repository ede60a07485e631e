import type { MessageContext } from '../../domain/detector';
import { textOf, textsIn } from '../../domain/facts';
import type { Signal } from '../../domain/findings/signal';
import { toMinute, type Instant } from '../../domain/time';

// What is said of a group, sentence by sentence.

export function stuck({ who, facts, firstSeenAt, completeTo }: MessageContext): string {
  return (
    `The synchronised group ${who} was deleted in the cloud at ${toMinute(firstSeenAt)} by ${actor(facts['deletedBy'])}; ` +
    `${theStandIn(facts)} had not taken its name by ${time(facts['notBackBy'])} (log complete to ${toMinute(completeTo)}). ` +
    `Mail to ${textOf(facts['mail']) || 'it'} has nowhere to go.${sinceThen(facts)}`
  );
}

export function orphan({ who, facts, completeTo }: MessageContext): string {
  const original =
    facts['returnedAt'] === undefined
      ? 'no deletion of it by synchronisation is known'
      : `which is back since ${time(facts['returnedAt'])}`;
  return (
    `${capital(theStandIn(facts))} is left over from a migration of the group ${who} (${original}): neither deleted nor ` +
    `renamed by ${time(facts['leftOverBy'])} (log complete to ${toMinute(completeTo)}).${sinceThen(facts)}`
  );
}

export function gone({ who, facts, firstSeenAt, completeTo }: MessageContext): string {
  return (
    `The synchronised group ${who} was deleted in the cloud at ${toMinute(firstSeenAt)} by ${actor(facts['deletedBy'])} and ` +
    `was not back by ${time(facts['notBackBy'])} (log complete to ${toMinute(completeTo)}). No stand-in for it is ` +
    `known.${sinceThen(facts)}`
  );
}

export function wave({
  who,
  facts,
  count,
  firstSeenAt,
  lastSeenAt,
  completeTo,
}: MessageContext): string {
  const names = textsIn(facts['suchAs']).map((name) => `"${name}"`);
  return (
    `${who} deleted ${count.toLocaleString('en')} synchronised groups in the cloud from ${toMinute(firstSeenAt)} to ` +
    `${toMinute(lastSeenAt)} that were not back by ${time(facts['notBackBy'])} (log complete to ${toMinute(completeTo)}), ` +
    `such as ${names.join(', ')}. Likely an organizational unit fell out of the scope of ` +
    `synchronisation.${sinceThen(facts)}`
  );
}

/** One event, as evidence says it. */
export function describe({ kind, facts }: Signal): string {
  const name = `"${textOf(facts['name'])}"`;
  const by = actor(facts['by']);
  const id = facts['group'] === undefined ? '' : ` (${textOf(facts['group'])})`;
  switch (kind) {
    case 'deleted':
      return `the group ${name} was deleted by ${by}`;
    case 'added':
      return `a group called ${name} was added by ${by}${id}`;
    case 'restored':
      return `the group ${name} was restored by ${by}`;
    case 'stand-in-added':
      return `the stand-in ${name} was added by ${by}`;
    case 'stand-in-deleted':
      return `the stand-in ${name} was deleted by ${by}`;
    case 'stand-in-renamed':
      return `the stand-in "${textOf(facts['label'])}" was renamed by ${by}`;
    default:
      return `a group was given the name or an address of ${name} by ${by}`;
  }
}

function theStandIn(facts: MessageContext['facts']): string {
  const members = textOf(facts['members']);
  return (
    `the stand-in "${textOf(facts['standIn'])}", created by ${actor(facts['createdBy'])} at ` +
    `${time(facts['createdAt'])} with ${members} ${members === '1' ? 'member' : 'members'},`
  );
}

function sinceThen(facts: MessageContext['facts']): string {
  return facts['endedAt'] === undefined
    ? ''
    : ` Since then, at ${time(facts['endedAt'])}: ${textOf(facts['ended'])}.`;
}

function actor(name: MessageContext['facts'][string]): string {
  return textOf(name) || 'somebody whom the log does not name';
}

function time(value: MessageContext['facts'][string]): string {
  return toMinute(textOf(value) as Instant);
}

function capital(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}
