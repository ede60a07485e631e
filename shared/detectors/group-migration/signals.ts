import { eventSignal, sharedSignal } from '../../domain/findings/event-signal';
import type { Signal } from '../../domain/findings/signal';
import { eventHash, type JsonObject } from '../../domain/json';
import type { AuditRecord } from '../../domain/record';
import {
  actorName,
  actorSubject,
  groupOf,
  groupSubject,
  partsOf,
  plainName,
  type Group,
} from '../../domain/records/group';

/**
 * Signals stand with whoever a group is called like: `deleted`, `added`, `named` and `restored` with its own name, and
 * what may be a stand-in with each name that its own holds and more: "Sales EU-MigTmp" with "Sales EU". What somebody
 * deletes and adds is counted with them, by the minute.
 */
export function groupSignals(record: AuditRecord): readonly Signal[] {
  const group = groupOf(record);
  if (group === undefined || record.result === 'failure' || record.result === 'timeout') {
    return [];
  }
  const { labels } = group;
  switch (record.activity.toLowerCase()) {
    case 'add group':
      return [
        ...labels.flatMap((label) => own(record, group, label, 'added')),
        ...standIn(record, group, labels, 'stand-in-added'),
        ...counted(record, group, 'additions'),
      ];
    case 'delete group':
      return [
        ...own(record, group, labels[0], 'deleted'),
        ...standIn(record, group, labels, 'stand-in-deleted'),
        ...counted(record, group, 'deletions'),
      ];
    case 'hard delete group':
      return standIn(record, group, labels, 'stand-in-deleted');
    case 'restore group':
      return own(record, group, labels[0], 'restored');
    case 'update group':
      return [
        ...group.gained.flatMap((label) => own(record, group, label, 'named')),
        ...standIn(record, group, group.lost, 'stand-in-renamed'),
      ];
    default:
      return members(record, group, /^add /i.test(record.activity));
  }
}

function own(record: AuditRecord, group: Group, label: string, kind: string): Signal[] {
  return [eventSignal(record, groupSubject(label), kind, factsOf(record, group), plainName(label))];
}

/** What is called more than the group that it stands in for. */
function standIn(
  record: AuditRecord,
  group: Group,
  labels: readonly string[],
  kind: string,
): Signal[] {
  return partsIn(labels).map(([part, label]) => {
    const facts = { ...factsOf(record, group), label, part: plainName(part) };
    return eventSignal(record, groupSubject(part), kind, facts, plainName(part));
  });
}

/** Each part once, with the first label that it is a part of. */
function partsIn(labels: readonly string[]): readonly (readonly [string, string])[] {
  const parts = new Map<string, readonly [string, string]>();
  for (const label of labels) {
    for (const part of partsOf(label)) {
      const plain = plainName(part);
      parts.set(plain, parts.get(plain) ?? [part, label]);
    }
  }
  return [...parts.values()];
}

/** Of one hour: how many were added by whom, and when the last change was. */
function members(record: AuditRecord, group: Group, isAdded: boolean): Signal[] {
  const { id, at } = record;
  const of = group.id ?? plainName(group.labels[0]);
  const by = actorName(record.initiator);
  return partsIn(group.labels).map(([part]) =>
    sharedSignal(
      record,
      groupSubject(part),
      'members',
      {
        group: of,
        last: at,
        events: isAdded ? [eventHash(id)] : [],
        adders: isAdded && by !== undefined ? [by] : [],
      },
      `members|${of}|${at.slice(0, 13)}`,
    ),
  );
}

function counted(record: AuditRecord, group: Group, kind: string): Signal[] {
  const subject = actorSubject(record.initiator);
  const { id, at } = record;
  const [label] = group.labels;
  const facts = { groups: [eventHash(plainName(label))], first: [{ at, id, name: label }] };
  return subject === undefined
    ? []
    : [sharedSignal(record, subject, kind, facts, `${kind}|${at.slice(0, 16)}`)];
}

function factsOf({ initiator }: AuditRecord, { id, labels, mail }: Group): JsonObject {
  return {
    name: labels[0],
    by: actorName(initiator) ?? null,
    ...(id !== undefined && { group: id }),
    ...(mail !== undefined && { mail }),
  };
}
