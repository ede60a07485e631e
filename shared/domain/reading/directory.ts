import { canonical, type Json } from '../json';
import {
  COLLECTIONS,
  type AddressView,
  type Collection,
  type DirectoryObjectRecord,
  type Gone,
} from '../record';
import {
  addressOf,
  namedByService,
  namedBySync,
  type ServiceError,
  type SyncError,
} from '../records/provisioning-errors';
import { earliest, latest, type Instant } from '../time';
import type { Coverage } from './coverage';

/** What a row may say of an object; a property that it does not carry has not changed. */
export interface ObjectProperties {
  readonly name: string | undefined;
  readonly userPrincipalName: string | undefined;
  readonly mail: string | undefined;
  /** With their prefixes. */
  readonly proxyAddresses: readonly string[];
  readonly userType: string | undefined;
  readonly isEnabled: boolean | undefined;
  readonly isSynced: boolean | undefined;
  readonly createdAt: Instant | undefined;
  readonly serviceErrors: readonly ServiceError[];
  readonly syncErrors: readonly SyncError[];
}

/** One row of a page: an object with what is new of it, or that it was removed. */
export interface ObjectRow {
  /** In lower case. */
  readonly id: string;
  readonly removed?: Exclude<Gone, 'missing'>;
  readonly properties: Partial<ObjectProperties>;
}

/** All pages of one collection that were read together. */
export interface Round {
  readonly collection: Collection;
  /** When it began: what it shows was so then. */
  readonly at: Instant;
  /** It reached its last page, and every row could be read. Otherwise it shows objects and removes none. */
  readonly isComplete: boolean;
  /** It lists every object there is; otherwise only what has changed. */
  readonly isWhole: boolean;
  readonly rows: readonly ObjectRow[];
}

/** An object as it is known. */
interface Known {
  readonly id: string;
  readonly collection: Collection;
  properties: Partial<ObjectProperties>;
  gone: Gone | undefined;
  disabledSince: Instant | undefined;
  /** By address: those that it names, and those that it was recorded to name. */
  views: ReadonlyMap<string, View>;
  /** By address, how it stood when it was last recorded. */
  readonly recorded: Map<string, string>;
}

interface View extends AddressView {
  readonly isMail: boolean;
}

/**
 * The directory as the rounds so far have shown it. Rows are merged into the objects known, and what has changed comes
 * back as records: of an address that two objects name, of one that its holder may be about to give up, and of one that
 * was recorded before.
 */
export class KnownDirectory {
  readonly #objects = new Map<string, Known>();
  /** By address, who has a view on it. */
  readonly #concerned = new Map<string, Set<Known>>();
  readonly #completed = new Map<Collection, number>();
  readonly #notRead: readonly Collection[];

  /** @param read the collections that are read at all: what the others hold is not known. */
  constructor(read: readonly Collection[] = COLLECTIONS) {
    this.#notRead = COLLECTIONS.filter((each) => !read.includes(each));
  }

  /** Takes a round, which must not be older than those before. A removal is concluded from the second complete one on. */
  apply(round: Round): readonly DirectoryObjectRecord[] {
    const { collection, isComplete, isWhole, rows, at } = round;
    const completed = this.#completed.get(collection) ?? 0;
    const mayRemove = isComplete && completed > 0;
    const touched = new Set(rows.flatMap((row) => this.#merge(row, round, mayRemove) ?? []));
    if (mayRemove && isWhole) {
      const listed = new Set(rows.map(({ id }) => id));
      for (const each of this.#objects.values()) {
        if (each.collection === collection && each.gone === undefined && !listed.has(each.id)) {
          each.gone = 'missing';
          touched.add(each);
        }
      }
    }
    if (isComplete) {
      this.#completed.set(collection, completed + 1);
    }
    const addresses = [...touched]
      .filter((each) => this.#objects.get(each.id) === each)
      .flatMap((each) => this.#look(each, at));
    return this.#record([...new Set(addresses)], at);
  }

  #merge(row: ObjectRow, { collection, isComplete }: Round, mayRemove: boolean): Known | undefined {
    const known = this.#objects.get(row.id);
    if (row.removed === undefined) {
      const object = known ?? newObject(row.id, collection);
      object.properties = { ...object.properties, ...row.properties };
      object.gone = undefined;
      this.#objects.set(row.id, object);
      return object;
    }
    if (known !== undefined && mayRemove) {
      known.gone = row.removed;
    } else if (known?.views.size === 0 && isComplete) {
      this.#objects.delete(row.id); // listed and removed in its first round: it was never there
      return undefined;
    }
    return known;
  }

  /** Brings what the object has to do with addresses up to date. @returns all of these. */
  #look(object: Known, at: Instant): readonly string[] {
    const isDisabled = object.properties.isEnabled === false && object.gone === undefined;
    object.disabledSince = isDisabled ? (object.disabledSince ?? at) : undefined;
    const before = object.views;
    const views = viewsOf(object, at);
    for (const address of object.recorded.keys()) {
      if (!views.has(address)) {
        views.set(address, { address, wants: [], isMail: false });
      }
    }
    object.views = views;
    for (const address of before.keys()) {
      if (!views.has(address)) {
        this.#concerned.get(address)?.delete(object);
      }
    }
    for (const address of views.keys()) {
      const concerned = this.#concerned.get(address) ?? new Set<Known>();
      this.#concerned.set(address, concerned.add(object));
    }
    return [...views.keys()];
  }

  /** Records everybody who has to do with an address of which something has changed. */
  #record(addresses: readonly string[], at: Instant): readonly DirectoryObjectRecord[] {
    const news = new Map<Known, AddressView[]>();
    for (const address of addresses) {
      const concerned = atMost(MAX_CONCERNED, [...(this.#concerned.get(address) ?? [])], address);
      if (isWorthRecording(concerned, address) && concerned.some((each) => isNews(each, address))) {
        for (const each of concerned) {
          news.set(each, [...(news.get(each) ?? []), this.#noted(each, address)]);
        }
      }
    }
    return [...news].map(([object, on]) => toRecord(object, at, on, this.#notRead));
  }

  #noted(object: Known, address: string): AddressView {
    const { isMail: _isMail, ...view } = viewIn(object, address);
    if (isNaming(viewIn(object, address))) {
      object.recorded.set(address, stateOf(object, address));
    } else {
      object.recorded.delete(address); // that it left is told once
      object.views = new Map([...object.views].filter(([each]) => each !== address));
      this.#concerned.get(address)?.delete(object);
    }
    return view;
  }
}

/** What was completely read of the collections that were read: up to the last round that all of them have completed. */
export function coverageOfRounds(rounds: readonly Round[]): Coverage | undefined {
  const byCollection = [...Map.groupBy(rounds, ({ collection }) => collection).values()];
  const ends = byCollection.map((each) => {
    const [first, ...others] = each.filter(({ isComplete }) => isComplete).map(({ at }) => at);
    return first === undefined
      ? undefined
      : { from: earliest(first, ...others), to: latest(first, ...others) };
  });
  const known = ends.filter((each) => each !== undefined);
  const [first, ...others] = known;
  if (first === undefined || known.length < ends.length) {
    return undefined;
  }
  const from = latest(first.from, ...others.map((each) => each.from));
  return {
    from,
    to: latest(from, earliest(first.to, ...others.map((each) => each.to))),
    gaps: [],
  };
}

function newObject(id: string, collection: Collection): Known {
  return {
    ...{ id, collection, properties: {}, gone: undefined, disabledSince: undefined },
    ...{ views: new Map(), recorded: new Map() },
  };
}

/** Addresses that belong to Microsoft: every tenant has its own, and nobody is in anybody's way there. */
const INITIAL_DOMAIN = /\.onmicrosoft\.(?:com|us|de)$|\.partner\.onmschina\.cn$/;

function viewsOf(object: Known, at: Instant): Map<string, View> {
  const { mail, serviceErrors = [], syncErrors = [], isSynced } = object.properties;
  if (object.gone !== undefined) {
    return new Map();
  }
  const held = heldIn(object.properties);
  const own = mail === undefined ? undefined : addressOf(mail);
  const named = [...namedByService(serviceErrors, own), ...namedBySync(syncErrors)];
  const isLacking = own !== undefined && isSynced === true && !held.has(own);
  const wanted = isLacking ? [...named, { address: own, want: { by: 'mail' } as const }] : named;
  const addresses = new Set([...held.keys(), ...wanted.map(({ address }) => address), own]);
  const views = new Map<string, View>();
  for (const address of addresses) {
    if (address === undefined || INITIAL_DOMAIN.test(address)) {
      continue;
    }
    const wants = wanted.filter((each) => each.address === address).map(({ want }) => want);
    const now = { holds: held.get(address), wants, isMail: address === own };
    views.set(address, withTimes(address, now, object.views.get(address), at));
  }
  return views;
}

function withTimes(
  address: string,
  { holds, wants, isMail }: Pick<View, 'holds' | 'wants' | 'isMail'>,
  before: View | undefined,
  at: Instant,
): View {
  const heldSince = holds === undefined ? undefined : (before?.heldSince ?? at);
  const isWanted = wants.length > 0 || (isMail && holds === undefined);
  const wantedSince = isWanted ? (before?.wantedSince ?? at) : undefined;
  const mailUntil =
    isMail || holds === undefined ? undefined : before?.isMail === true ? at : before?.mailUntil;
  return {
    ...{ address, wants, isMail },
    ...(holds !== undefined && { holds, heldSince }),
    ...(wantedSince !== undefined && { wantedSince }),
    ...(mailUntil !== undefined && { mailUntil }),
  };
}

/** By address: of two spellings of one the primary counts, which is written in capitals. */
function heldIn({ proxyAddresses = [] }: Partial<ObjectProperties>) {
  const held = new Map<string, 'primary' | 'alias'>();
  for (const each of proxyAddresses) {
    const address = addressOf(each);
    if (address !== undefined && held.get(address) !== 'primary') {
      held.set(address, each.trim().startsWith('SMTP:') ? 'primary' : 'alias');
    }
  }
  return held;
}

/** An address that more objects name than this is a placeholder: its holders are recorded, and the first of the rest. */
const MAX_CONCERNED = 50;

function atMost(most: number, concerned: readonly Known[], address: string): readonly Known[] {
  const rank = (each: Known): string =>
    `${viewIn(each, address).holds === undefined ? 1 : 0}${each.id}`;
  return concerned.length <= most
    ? concerned
    : concerned.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, most);
}

/** Two name it, it is the sign-in name of one who leaves or goes by another address, or somebody was recorded to name it. */
function isWorthRecording(concerned: readonly Known[], address: string): boolean {
  const views = concerned.map((each) => viewIn(each, address));
  return (
    views.filter(isNaming).length > 1 ||
    concerned.some(({ recorded }) => recorded.has(address)) ||
    concerned.some((each) => {
      const { holds, mailUntil } = viewIn(each, address);
      const isLeaving = each.disabledSince !== undefined || mailUntil !== undefined;
      const isSignInName = each.properties.userPrincipalName?.toLowerCase() === address;
      return holds !== undefined && isSignInName && isLeaving;
    })
  );
}

function isNaming({ holds, wants, isMail }: View): boolean {
  return holds !== undefined || wants.length > 0 || isMail;
}

function isNews(object: Known, address: string): boolean {
  return object.recorded.get(address) !== stateOf(object, address);
}

function viewIn({ views }: Known, address: string): View {
  return views.get(address) ?? { address, wants: [], isMail: false };
}

function stateOf(object: Known, address: string): string {
  return canonical({ ...viewIn(object, address), ...detailsOf(object) } as unknown as Json);
}

function toRecord(
  object: Known,
  at: Instant,
  on: readonly AddressView[],
  notRead: readonly Collection[],
): DirectoryObjectRecord {
  const { id, collection } = object;
  return { source: 'directoryObjects', id, at, collection, ...detailsOf(object), on, notRead };
}

function detailsOf(object: Known) {
  const { name, userPrincipalName, mail, userType, isSynced, createdAt } = object.properties;
  const isForeign = userPrincipalName?.toLowerCase().includes('#ext#') === true;
  const isGuest = userType?.toLowerCase() === 'guest' || (userType === undefined && isForeign);
  return {
    ...{ name, userPrincipalName: userPrincipalName?.toLowerCase(), mail: mail?.toLowerCase() },
    guest: isGuest ? ('guest' as const) : isForeign ? ('external-member' as const) : undefined,
    ...{ isSynced: isSynced === true, disabledSince: object.disabledSince, createdAt },
    hasAddresses: object.gone === undefined && heldIn(object.properties).size > 0,
    gone: object.gone,
  };
}
