import { textOf, textsIn } from '../facts';
import type { Subject } from '../findings/signal';
import { shortHash } from '../json';
import type { AuditRecord, Change, Initiator } from '../record';

// Which group an audit record is about, and what it is called. A group that comes back through synchronisation is
// another object with the same name, so groups are joined by what they are called.

/** A group that an audit record is about. */
export interface Group {
  readonly id?: string;
  /** What it is called: its name, then its addresses without their domain. */
  readonly labels: readonly [string, ...string[]];
  /** Those that the record takes from it, and those that it gives it. */
  readonly lost: readonly string[];
  readonly gained: readonly string[];
  /** The address that people write to, where the record holds it. */
  readonly mail?: string;
}

const NAMES = ['DisplayName', 'Group.DisplayName'];
const ADDRESSES = ['Mail', 'MailNickname', 'ProxyAddresses'];
/** More addresses than this are not compared with anything. */
const MAX_LABELS = 8;

/** The group that a record is about, also where somebody is added to it; undefined when it names none. */
export function groupOf({ targets }: AuditRecord): Group | undefined {
  const target = targets.find(({ type }) => type === 'Group');
  const changes = targets.flatMap((each) => each.changes);
  const before = labelsIn(changes, 'before');
  const after = labelsIn(changes, 'after');
  const names = [...after.names, target?.name ?? '', ...before.names];
  const [first, ...others] = distinct([...names, ...after.addresses, ...before.addresses]);
  const id = target?.id ?? idIn(changes);
  const mail = changes
    .filter(({ property }) => property === 'Mail')
    .flatMap((change) => [...textsIn(change.after), ...textsIn(change.before)])[0];
  return first === undefined
    ? undefined
    : {
        labels: [first, ...others],
        lost: without(before, after),
        gained: without(after, before),
        ...(id !== undefined && { id }),
        ...(mail !== undefined && { mail }),
      };
}

/** True for activities whose timeline is a group's, whoever else the record names. */
export function isAboutGroup(activity: string): boolean {
  return /\bgroup\b/i.test(activity);
}

interface Labels {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

function labelsIn(changes: readonly Change[], side: 'before' | 'after'): Labels {
  const of = (properties: readonly string[]): string[] =>
    properties.flatMap((name) =>
      changes
        .filter(({ property }) => property === name)
        .flatMap((change) => textsIn(change[side])),
    );
  const addresses = of(ADDRESSES).filter((text) => !/^(?!smtp:)\w+:/i.test(text));
  return { names: of(NAMES), addresses: addresses.map(withoutDomain) };
}

function without(some: Labels, others: Labels): readonly string[] {
  const known = new Set([...others.names, ...others.addresses].map(plainName));
  return distinct([...some.names, ...some.addresses]).filter((each) => !known.has(plainName(each)));
}

function idIn(changes: readonly Change[]): string | undefined {
  const change = changes.find(({ property }) => property === 'Group.ObjectID');
  return (textOf(change?.after) || textOf(change?.before)).toLowerCase() || undefined;
}

/** `SMTP:sales-eu@example.com` is `sales-eu`. */
function withoutDomain(label: string): string {
  return label.replace(/^smtp:/i, '').replace(/^([^\s@]+)@[^\s@]+$/, '$1');
}

/** One label for each that reads the same. */
function distinct(labels: readonly string[]): string[] {
  const firsts = new Map(labels.toReversed().map((label) => [plainName(label), label]));
  return labels
    .filter((label) => plainName(label) !== '' && firsts.get(plainName(label)) === label)
    .filter((label, i, all) => all.indexOf(label) === i)
    .slice(0, MAX_LABELS);
}

/** Letters and digits alone, in lower case: "Sales EU", "sales-eu" and `sales.eu@example.com` are one. */
export function plainName(label: string): string {
  const text = withoutDomain(label).normalize('NFKC').toLowerCase();
  return text.replace(/[^\p{L}\p{N}]/gu, '') || text.trim();
}

/** A group as the subject of a timeline: whoever is called like that. */
export function groupSubject(label: string): Subject {
  return { type: 'group', id: shortHash(16, 'group', plainName(label)), name: label.trim() };
}

/** What is cut off either end at most, in words. */
const MAX_AFFIX = 2;
const MIN_LENGTH = 2;

/** What a label is without the words of a prefix or a suffix: "Sales EU-MigTmp" holds "Sales EU", and more. */
export function partsOf(label: string): readonly string[] {
  const text = withoutDomain(label);
  const words = [...text.matchAll(/[\p{L}\p{N}]+/gu)];
  const parts: string[] = [];
  for (let cut = 1; cut <= MAX_AFFIX && cut < words.length; cut++) {
    const last = words[words.length - 1 - cut];
    const end = (last?.index ?? 0) + (last?.[0].length ?? 0);
    parts.push(text.slice(words[0]?.index, end), text.slice(words[cut]?.index));
  }
  return distinct(parts).filter((part) => plainName(part).length >= MIN_LENGTH);
}

/** Who did it, as people read it. */
export function actorName({ app, user }: Initiator): string | undefined {
  return app?.name ?? app?.servicePrincipalName ?? user?.name ?? user?.id;
}

/** Who did it, as the subject of a timeline. */
export function actorSubject(initiator: Initiator): Subject | undefined {
  const { user } = initiator;
  const name = actorName(initiator);
  if (user?.id !== undefined) {
    return { type: 'user', id: user.id, ...(name !== undefined && { name }) };
  }
  return name === undefined
    ? undefined
    : { type: 'app', id: shortHash(16, 'app', name.toLowerCase()), name };
}
