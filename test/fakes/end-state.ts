import { isDeepStrictEqual } from 'node:util';
import { DETECTORS } from '../../shared/detectors/index';
import { shortHash } from '../../shared/domain/json';
import type { Finding } from '../../shared/domain/findings/finding';
import type { Transition } from '../../shared/domain/findings/transition';
import { toInstant } from '../../shared/domain/time';
import { collect } from '../contracts/samples';
import type { Scene } from './crash-world';
import type { Posted } from './killing-proxy';
import { readCoverage } from './cover';
import { marked } from './marked';

/** Everything that must not depend on crashes, by name, so that a difference says what differs. */
export interface EndState {
  readonly findings: Readonly<Record<string, unknown>>;
  readonly history: Readonly<Record<string, readonly unknown[]>>;
  readonly alerts: Readonly<Record<string, unknown>>;
  readonly signals: Readonly<Record<string, unknown>>;
  readonly coverage: Readonly<Record<string, unknown>>;
  /** Work that is left, and alerts that are still to be sent. */
  readonly marks: readonly string[];
  /** Alerts that nobody was told of, those told by different posts, and posts about what was never written down. */
  readonly untold: readonly string[];
  readonly twice: readonly string[];
  readonly unknown: readonly string[];
  /** Findings whose history is no chain, or does not end where the finding says. */
  readonly broken: readonly string[];
}

const FAR = toInstant('2036-01-01T00:00:00Z');

/**
 * @param options.clock false leaves out what depends on when a process was started: times of writing, hashes over them.
 * @param options.watch false leaves out what is said of the watch itself: whether somebody looked in the moment before
 * a log was read again is chance.
 */
export async function endState(
  scene: Scene,
  { clock = true, watch = true }: { readonly clock?: boolean; readonly watch?: boolean } = {},
): Promise<EndState> {
  const stores = scene.stores();
  const all = await collect(stores.findings.all());
  const findings = all.filter(({ subject }) => watch || subject.type !== 'log');
  const left = all.filter((each) => !findings.includes(each)).map(({ id }) => id);
  const history: Record<string, readonly Transition[]> = {};
  const alerts: Record<string, { verb: string; form: string; state: string }> = {};
  for (const { id, sequence } of findings) {
    history[id] = await stores.findings.history(id);
    for (let each = 1; each <= sequence; each++) {
      const [row] = await stores.outbox.read(`${id}-${each}`);
      if (row !== undefined) {
        const { alert, state } = row;
        const verb = alert.form === 'notice' ? alert.kind : alert.verb;
        alerts[alert.id] = { verb, form: alert.form, state };
      }
    }
  }
  const signals: Record<string, unknown> = {};
  const coverage: Record<string, unknown> = {};
  for (const { id: detector } of DETECTORS) {
    const known = Object.entries(await readCoverage(stores.coverage, detector));
    coverage[detector] = Object.fromEntries(
      known.map(([source, { from, ...rest }]) => [source, clock ? { from, ...rest } : rest]),
    );
    for await (const { id } of stores.signals.timelinesOf(detector)) {
      const { signals: kept } = await stores.signals.read(id);
      signals[`${detector} ${id}`] = kept.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    }
  }
  const due = await stores.marks.due(new Map(DETECTORS.map(({ id }) => [id, FAR])));
  const marks = [
    // The mark of a writer that was killed stays until somebody meets it who can tell that it is old.
    ...(await marked(stores)).map(({ detector, subject }) => `${detector} ${subject.name}`),
    ...due.map(({ timeline: { detector, subject }, etag }) =>
      ['due', detector, subject.name, etag.split(' ')[0]].join(' '),
    ),
  ];
  const sending = (await stores.outbox.due(FAR, 10_000)).map(
    ({ alertId, digest }) => `${alertId}${digest === undefined ? '' : ` in ${digest.id}`}`,
  );
  const told = toldBy(scene.proxy.posts);
  return {
    findings: Object.fromEntries(findings.map((each) => [each.id, substance(each, clock)])),
    history: Object.fromEntries(
      Object.entries(history).map(([id, rows]) => [id, rows.map((row) => inHistory(row, clock))]),
    ),
    alerts,
    signals,
    coverage,
    marks: [...marks, ...sending.map((id) => `send ${id}`)].sort(),
    untold: Object.keys(alerts).filter((id) => !told.has(id)),
    twice: [...told].filter(([, posts]) => posts.size > 1).map(([id]) => id),
    unknown: [...told.keys()].filter(
      (id) => alerts[id] === undefined && !left.some((each) => id.startsWith(each)),
    ),
    broken: findings.filter((each) => !isChained(each, history[each.id] ?? [])).map(({ id }) => id),
  };
}

/** By alert, the ids of the posts that told of it: a post that is repeated has one. */
function toldBy(posts: readonly Posted[]): ReadonlyMap<string, ReadonlySet<string>> {
  const told = new Map<string, Set<string>>();
  for (const post of posts) {
    for (const alert of alertsIn(post)) {
      told.set(alert, (told.get(alert) ?? new Set<string>()).add(post.id));
    }
  }
  return told;
}

/** A digest names findings; its id says which alerts they came with, and each is the first of its finding. */
function alertsIn({ id, text }: Posted): readonly string[] {
  if (!text.includes(id)) {
    return [`${id}, which its card does not name`];
  }
  if (!id.startsWith('digest-')) {
    return [id];
  }
  const named = [...text.matchAll(/finding ([0-9a-f]{16}-[0-9a-f]{12})/g)].map(([, each]) => each);
  const alerts = named.map((each) => `${each ?? ''}-1`).sort();
  return id === `digest-${shortHash(24, ...alerts)}` ? alerts : [`${id}, of other alerts`];
}

/**
 * What a reader notices. By which coverage it was judged, and the sentence that quotes it, may come from an earlier
 * look that a crash made necessary.
 */
function substance(finding: Finding, clock: boolean): unknown {
  const { judgedBy: _j, summary: _s, head, openedAt, resolvedAt, movedAt, ...rest } = finding;
  if (clock) {
    return { ...rest, head, openedAt, resolvedAt, movedAt };
  }
  // What it says of its own watch has the times of its runs.
  const { anchor, since, firstSeenAt, lastSeenAt, ...lasting } = rest;
  return rest.subject.type === 'log' ? { ...lasting, anchor: anchor.key } : rest;
}

function inHistory(transition: Transition, clock: boolean): unknown {
  const { at, hash, previous, ...rest } = transition;
  return clock ? { ...rest, at, hash, previous } : rest;
}

function isChained({ sequence, head }: Finding, rows: readonly Transition[]): boolean {
  return (
    rows.length === sequence &&
    rows.at(-1)?.hash === head &&
    rows.every((row, i) => row.sequence === i + 1 && row.previous === (rows[i - 1]?.hash ?? ''))
  );
}

// --------------------------------------------------------------------------------------------------- comparing two

export type Differences = Readonly<
  Record<string, { readonly expected: unknown; readonly found: unknown }>
>;

/** What differs, by the part of the state and the name in it. */
export function differences(expectation: EndState, state: EndState): Differences {
  const found: Record<string, { expected: unknown; found: unknown }> = {};
  for (const part of Object.keys(expectation) as (keyof EndState)[]) {
    const [wanted, had] = [entriesOf(expectation[part]), entriesOf(state[part])];
    for (const name of new Set([...Object.keys(wanted), ...Object.keys(had)])) {
      if (!isDeepStrictEqual(wanted[name], had[name])) {
        found[`${part}: ${name}`] = { expected: wanted[name], found: had[name] };
      }
    }
  }
  return found;
}

function entriesOf(part: EndState[keyof EndState]): Readonly<Record<string, unknown>> {
  return Array.isArray(part)
    ? Object.fromEntries(part.map((each) => [String(each), true]))
    : (part as Record<string, unknown>);
}
