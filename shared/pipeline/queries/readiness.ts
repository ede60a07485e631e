import type { Detector } from '../../domain/detector';
import { CrosscheckError } from '../../domain/errors';
import {
  countReadiness,
  readinessOf,
  type ReadinessCounts,
  type ReadinessPerson,
} from '../../domain/findings/readiness';
import type { Finding } from '../../domain/findings/finding';
import { coverageOf } from '../../domain/reading/source-state';
import { toMinute, type Instant } from '../../domain/time';
import { AT_A_TIME, concurrently } from '../concurrently';
import { unresolved } from '../findings/finding-lines';
import type { Now } from '../ports/clock';
import type { Directory } from '../ports/directory';
import { SourceError } from '../ports/record-source';
import type { Stores } from '../ports/stores';

/** Whom an MFA requirement would stop today although a method is listed for them. */
export interface Readiness {
  readonly asOf: Instant;
  /** False when something that was asked could not be read: `notKnown` says what. */
  readonly complete: boolean;
  readonly counts: ReadinessCounts;
  /** By name. */
  readonly people: readonly ReadinessPerson[];
  /** Mail addresses that nobody else can have, by domain; null while no directory objects are read. */
  readonly reservedByDomain: Readonly<Record<string, number>> | null;
  /** What is not in the report, and why: whole sentences. */
  readonly notKnown: readonly string[];
}

export interface ReadinessDeps {
  readonly stores: Pick<Stores, 'index' | 'findings' | 'coverage'>;
  readonly directory: Directory;
  /** The detector of registrations that were never finished. */
  readonly detector: Detector;
  readonly clock: Now;
}

/** A group that the directory does not know. */
export class GroupNotFoundError extends CrosscheckError {
  override readonly name = 'GroupNotFoundError';

  constructor(group: string, cause: unknown) {
    super(`there is no group ${group}; give its object id, as Entra shows it`, { cause });
  }
}

/** More people than this are not asked for one by one: the whole list takes fewer requests. */
const MAX_ASKED = 300;

/**
 * Puts the open findings beside what the service lists for each person. What cannot be read makes the report incomplete
 * and is said; only an unknown group is an error, because the report would be about nobody.
 * @param options.group the object id of a group: only its members, also through other groups.
 * @throws GroupNotFoundError, and SourceError when the members of the group cannot be read.
 */
export async function readiness(
  { stores, directory, detector, clock }: ReadinessDeps,
  { group }: { readonly group?: string } = {},
): Promise<Readiness> {
  const asOf = clock.now();
  const members = group === undefined ? undefined : await membersOf(directory, group);
  const { findings, unreadable } = await openFindings(stores, detector.id);
  const concerned = findings.filter(
    ({ subject, message }) => message !== 'started' && (members?.has(subject.id) ?? true),
  );
  const wanted = new Set(concerned.map(({ subject }) => subject.id));
  const listed = await listedOf(directory, wanted);
  const people = concerned.flatMap(
    (finding) => readinessOf(finding, listed.methods.get(finding.subject.id)) ?? [],
  );
  const unread = await notRead(stores, detector);
  const lacks = [
    ...unread.gaps,
    ...(listed.error === undefined
      ? []
      : [
          `The methods that Microsoft Entra lists could not be read: ${listed.error.message}. ${listed.error.remedy}`,
        ]),
    ...(unreadable === 0
      ? []
      : [`${unreadable} findings could not be read; crosscheck verify names them.`]),
  ];
  return {
    ...{ asOf, complete: lacks.length === 0 },
    counts: countReadiness(people),
    people: merged(people).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    reservedByDomain: null,
    notKnown: [
      ...lacks,
      ...unread.before,
      'Reserved mail addresses are not counted: directory objects are not read.',
    ],
  };
}

/** Somebody with several findings stands in the list once, with the first of them. */
function merged(people: readonly ReadinessPerson[]): ReadinessPerson[] {
  const byId = Map.groupBy(people, ({ id }) => id);
  return [...byId.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : [
          {
            ...first,
            reasons: [...new Set([first, ...others].flatMap(({ reasons }) => reasons))],
          },
        ],
  );
}

async function membersOf(directory: Directory, group: string): Promise<ReadonlySet<string>> {
  const members = new Set<string>();
  try {
    for await (const page of directory.membersOf(group)) {
      page.forEach((id) => members.add(id));
    }
  } catch (error) {
    throw error instanceof SourceError && error.status === 404
      ? new GroupNotFoundError(group, error)
      : error;
  }
  return members;
}

async function openFindings(
  { index, findings }: Pick<Stores, 'index' | 'findings'>,
  detector: string,
): Promise<{ readonly findings: readonly Finding[]; readonly unreadable: number }> {
  const found: Finding[] = [];
  let unreadable = 0;
  const skip = (): void => {
    unreadable += 1;
  };
  for await (const lines of unresolved(index, { detector }, skip)) {
    await concurrently(lines, AT_A_TIME, async ({ id }) => {
      const stored = await findings.find(id);
      if (stored !== undefined) {
        found.push(stored.finding);
      }
    });
  }
  return { findings: found, unreadable };
}

interface Listed {
  readonly methods: ReadonlyMap<string, readonly string[]>;
  readonly error?: SourceError;
}

/** Only of those who are asked for: a tenant may have hundreds of thousands of people. */
async function listedOf(directory: Directory, wanted: ReadonlySet<string>): Promise<Listed> {
  const methods = new Map<string, readonly string[]>();
  if (wanted.size === 0) {
    return { methods };
  }
  try {
    const ids = wanted.size > MAX_ASKED ? undefined : [...wanted];
    for await (const page of directory.listedMethods(ids)) {
      page.forEach((each) => wanted.has(each.userId) && methods.set(each.userId, each.methods));
    }
    return { methods };
  } catch (error) {
    if (error instanceof SourceError) {
      return { methods, error };
    }
    throw error;
  }
}

/** Stretches in which somebody may have registered unseen. */
async function notRead(
  { coverage }: Pick<Stores, 'coverage'>,
  detector: Detector,
): Promise<{ readonly gaps: readonly string[]; readonly before: readonly string[] }> {
  const bySource = coverageOf(detector, await coverage.reading());
  const sources = [...new Set(detector.needs.map(({ source }) => source))];
  const stretches = sources.map((source) => [source, bySource[source]] as const);
  return {
    gaps: stretches.flatMap(([source, known]) =>
      known === undefined
        ? [`${source} was never read, so no registration is known.`]
        : known.gaps.map(
            ({ from, to }) =>
              `${source} was not read from ${toMinute(from)} to ${toMinute(to)}; who registered then is not known.`,
          ),
    ),
    before: stretches.flatMap(([source, known]) =>
      known === undefined
        ? []
        : [
            `Registrations before ${toMinute(known.from)} and after ${toMinute(known.to)} are not known: ${source} was read between them.`,
          ],
    ),
  };
}
