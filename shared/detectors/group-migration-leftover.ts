import { defineDetector, type Assessment, type Evidence, type Timeline } from '../domain/detector';
import { textOf } from '../domain/facts';
import type { Signal } from '../domain/findings/signal';
import type { JsonObject } from '../domain/json';
import type { CoverageBySource } from '../domain/reading/coverage';
import {
  between,
  byTime,
  dayOf,
  latest,
  plus,
  startOfDay,
  toMinute,
  type Instant,
} from '../domain/time';
import { endOfWave, namesIn, told, wavesIn, type Wave } from './group-migration/deletions';
import { groupSignals } from './group-migration/signals';
import {
  AFTER,
  BEFORE,
  endOf,
  isSync,
  leftOverSince,
  returnOf,
  SAME,
  standInsOf,
  storyOf,
  type GroupStory,
  type StandIn,
  type StorySettings,
} from './group-migration/story';
import { describe, gone, orphan, stuck, wave } from './group-migration/words';
import {
  evidenceFrom,
  nextQuestion,
  notFollowedBy,
  type Sequel,
  type SequelConclusion,
  type Unfollowed,
} from './not-followed-by';

export const groupMigrationLeftover = defineDetector({
  id: 'group-migration-leftover',
  version: 1,
  title: 'Group migration left half done',
  summary:
    'A synchronised group was deleted in the cloud so that a group of the cloud may take its place, and nothing took it: ' +
    'mail to it bounces. Or the group that was made for this was never removed. Every single step is logged as a success.',
  severity: 'medium',
  attack: ['T1531'],
  runbook: [
    'On premises, look whether the group still lies in the organizational unit that is not synchronised (deleted in the cloud at {first seen}). Move it back to its own and wait for one cycle; whoever migrates does not start one.',
    'Or finish the migration: rename the stand-in, and give it the addresses of the group.',
    'Is the group back, delete the stand-in (`Remove-DistributionGroup`).',
    'Look for a migration job that still runs: it may wait for a deletion that cannot come.',
  ],
  falsePositives: [
    'A migration that is to take longer than the grace.',
    'A group that somebody in the cloud adds and fills under a longer form of the name, on the day when the shorter one is deleted on premises for good.',
    'A planned removal of many groups or of a whole organizational unit.',
  ],
  blindSpots: [
    'What Exchange keeps for itself: addresses, and whether a group is hidden from lists.',
    'A stand-in made more than 24 hours before the deletion or 4 hours after it, or whose name is the other one with more than a prefix or suffix of two words, or with one that no space or sign sets apart.',
    'A stand-in of a group that is never deleted, unless its name fits the pattern.',
    'Synchronisation under a name that is not set: nothing that it deletes is known to be synchronised.',
    'A row that names no group. A group that comes back under another name, with nothing but its address.',
    'That a group of many came back by somebody else than who deleted it counts for the group, not for the many.',
  ],
  references: [
    'https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities',
    'https://learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-accounts-permissions',
  ],
  settings: {
    grace: {
      kind: 'duration',
      default: '24h',
      meaning:
        'How long a deleted group may be missing, and how long a stand-in may be left, before it is a finding.',
    },
    wave: {
      kind: 'count',
      default: '5',
      meaning: 'More groups than this, deleted within an hour by one actor, are one finding.',
    },
    'sync-actors': {
      kind: 'texts',
      default:
        'ConnectSyncProvisioning_*, Sync_*@*.onmicrosoft.com, On-Premises Directory Synchronization Service Account',
      meaning:
        'Who synchronises: names of apps and users, `*` for any text. Cloud sync and renamed accounts are to be added here.',
    },
    'migration-pattern': {
      kind: 'texts',
      default: '*-MigTmp, *_MigTmp, MigTmp-*, MigTmp_*',
      meaning:
        'What stand-ins are called, with one `*` for the name of the group that they stand in for.',
    },
  },
  reads: [
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Add group',
        'Update group',
        'Delete group',
        'Hard Delete group',
        'Restore Group',
        'Add member to group',
        'Remove member from group',
      ],
    },
  ],
  expects: [],
  retain: '60d',
  join: { first: 'first3', last: 'max' },
  opens: ['deleted', 'deletions', 'stand-in-added'],
  messages: {
    stuck: { title: 'Synchronised group gone, its stand-in not renamed', summary: stuck },
    gone: { title: 'Synchronised group deleted in the cloud, not back', summary: gone },
    orphan: { title: 'Stand-in of a group migration left over', summary: orphan },
    wave: { title: 'Many synchronised groups deleted within an hour', summary: wave },
  },

  signals(record) {
    return record.source === 'directoryAudits' ? groupSignals(record) : [];
  },

  assess(timeline, coverage, settings): Assessment<MessageId> {
    const story = storyOf(timeline, settings);
    const answers = [
      ofDeletions(story, coverage, settings),
      ofStandIns(story, coverage, settings),
      ofWaves(timeline, coverage, settings),
    ];
    return {
      findings: answers.flatMap(({ findings }) => findings),
      ...nextQuestion(answers.flatMap(({ askAgainAt }) => askAgainAt ?? [])),
    };
  },
});

type MessageId = 'stuck' | 'gone' | 'orphan' | 'wave';
type Settings = StorySettings & { readonly wave: number };
type Proven<T> = readonly [Unfollowed<T>, ...Unfollowed<T>[]];

// The window is asked for by the id of a person, so nothing of a group would be found by looking at it again.
const AS_READ = { isLookedAtAgain: false } as const;

// ------------------------------------------------------------------------------------------- the group that is gone

function ofDeletions(
  story: GroupStory,
  coverage: CoverageBySource,
  settings: Settings,
): Assessment<MessageId> {
  return notFollowedBy({
    entries: story.deletions,
    anchor: ({ eventId, key, at }) => ({
      ...{ key: eventId ?? key, from: plus(at, -BEFORE - SAME) },
    }),
    deadline: ({ at }) => plus(at, settings.grace),
    // A group may have been given the name before the old one went.
    skew: () => BEFORE,
    endedBy: (deletion) => endOfDeletion(deletion, story, settings),
    sources: ['directoryAudits'],
    coverage,
    describe: (deletion) => `${describe(deletion)} at ${toMinute(deletion.at)}`,
    awaited: 'its return, or a group that takes its name,',
    missing: 'no group of that name logged',
    conclude: ([proven]: Proven<Signal>): SequelConclusion<MessageId> => {
      const { entry, to, end } = proven;
      const [standIn, ...others] = standInsOf(entry, story, settings);
      const facts = {
        deletedBy: entry.facts['by'] ?? null,
        ...(entry.facts['mail'] !== undefined && { mail: entry.facts['mail'] }),
        ...(standIn !== undefined && factsOf(standIn)),
        notBackBy: to,
        ...(end !== undefined && { ended: end.evidence.what, endedAt: end.at }),
      };
      const added = [standIn, ...others].flatMap((each) => each?.added ?? []);
      const evidence = [entry, ...added].sort(byTime).map(evidenceOf);
      return standIn === undefined
        ? { message: 'gone', severity: 'info', stage: 'watch', facts, evidence, ...AS_READ }
        : { message: 'stuck', severity: 'medium', facts, evidence, ...AS_READ };
    },
  });
}

/** It is called so again, or whatever was to take its place is removed; the latter only once it was missed. */
function endOfDeletion(
  deletion: Signal,
  story: GroupStory,
  settings: Settings,
): Sequel<'returned' | 'renamed' | 'restored' | 'removed'> {
  const back = returnOf(deletion, story, settings);
  const standIns = standInsOf(deletion, story, settings);
  const removals = standIns.flatMap(({ removed }) => removed ?? []).sort(byTime);
  const last = removals.length === standIns.length ? removals.at(-1) : undefined;
  if (last !== undefined && (back === undefined || last.at < back.at)) {
    return { end: { at: last.at, code: 'removed', evidence: evidenceOf(last) } };
  }
  const codes = { added: 'returned', restored: 'restored', named: 'renamed' } as const;
  const code = codes[back?.kind as keyof typeof codes];
  return back === undefined ? {} : { end: { at: back.at, code, evidence: evidenceOf(back) } };
}

// ------------------------------------------------------------------------------------------ the stand-in that is left

interface LeftOver {
  readonly standIn: StandIn;
  readonly at: Instant;
}

function ofStandIns(
  story: GroupStory,
  coverage: CoverageBySource,
  settings: Settings,
): Assessment<MessageId> {
  return notFollowedBy({
    entries: story.standIns.flatMap((standIn): LeftOver[] => {
      const at = leftOverSince(standIn, story, settings);
      return at === undefined ? [] : [{ standIn, at }];
    }),
    // An object is added once, so that is its name; what it stands in for may have been replaced a day before it went.
    anchor: ({ standIn: { added } }) => ({
      ...{ key: `stand-in ${added.eventId ?? added.key}`, from: plus(added.at, -AFTER - BEFORE) },
    }),
    deadline: ({ standIn: { added }, at }) =>
      latest(plus(at, settings.grace), plus(added.at, BEFORE)),
    // A deletion by synchronisation so long before or after it would make it one that may still be needed.
    skew: ({ standIn: { added }, at }) => between(added.at, at) + AFTER,
    endedBy: ({ standIn }) => endOfStandIn(standIn),
    sources: ['directoryAudits'],
    coverage,
    describe: ({ standIn: { added } }) => `${describe(added)} at ${toMinute(added.at)}`,
    awaited: 'its removal or a new name',
    missing: 'no removal and no new name logged',
    conclude: ([proven]: Proven<LeftOver>): SequelConclusion<MessageId> => {
      const { standIn, at } = proven.entry;
      return {
        ...{ message: 'orphan', severity: 'low', stage: 'watch', ...AS_READ },
        ...{ firstSeenAt: standIn.added.at, lastSeenAt: standIn.changedAt },
        facts: {
          ...factsOf(standIn),
          ...(at > standIn.changedAt && { returnedAt: at }),
          leftOverBy: proven.to,
          ...(proven.end !== undefined && {
            ...{ ended: proven.end.evidence.what, endedAt: proven.end.at },
          }),
        },
        evidence: [evidenceOf(standIn.added)],
      };
    },
  });
}

function endOfStandIn(standIn: StandIn): Sequel<'removed' | 'renamed'> {
  const end = endOf(standIn);
  const code = end?.kind === 'stand-in-deleted' ? 'removed' : 'renamed';
  return end === undefined ? {} : { end: { at: end.at, code, evidence: evidenceOf(end) } };
}

function factsOf({ added: { at, facts }, members }: StandIn): JsonObject {
  return {
    standIn: textOf(facts['name']),
    ...{ createdBy: facts['by'] ?? null, createdAt: at, members },
  };
}

// --------------------------------------------------------------------------------------- the many that went at once

function ofWaves(
  timeline: Timeline,
  coverage: CoverageBySource,
  settings: Settings,
): Assessment<MessageId> {
  const name = timeline.findLast(({ subject }) => subject.name !== undefined)?.subject.name ?? '';
  return notFollowedBy({
    entries: isSync(settings)(name) ? wavesIn(timeline, settings.wave) : [],
    anchor: ({ at }) => ({ key: `many|${dayOf(at)}`, from: startOfDay(at) }),
    deadline: ({ last }) => plus(last, settings.grace),
    endedBy: (each) => {
      const end = endOfWave(each, settings.wave);
      return end === undefined ? {} : { end };
    },
    sources: ['directoryAudits'],
    coverage,
    describe: ({ at, returns }) =>
      `${returns.length} synchronised groups were deleted from ${toMinute(at)}`,
    awaited: 'their return',
    missing: 'no return logged',
    conclude: (proven) => concludeWave(proven),
  });
}

function concludeWave(proven: Proven<Wave>): SequelConclusion<MessageId> {
  const last = proven.at(-1) ?? proven[0];
  const minutes = proven.flatMap(({ entry }) => entry.minutes);
  const missing = proven.map(
    ({ entry, to }) => entry.returns.filter((each) => each === undefined || each.at >= to).length,
  );
  return {
    ...{ message: 'wave', severity: 'low', ...AS_READ },
    lastSeenAt: last.entry.last,
    count: missing.reduce((sum, each) => sum + each, 0),
    facts: {
      suchAs: namesIn(minutes).slice(0, 5),
      notBackBy: last.to,
      ...(last.end !== undefined && { ended: last.end.evidence.what, endedAt: last.end.at }),
    },
    evidence: told(minutes, 'was deleted'),
  };
}

function evidenceOf(signal: Signal): Evidence {
  return evidenceFrom(signal, describe(signal));
}
