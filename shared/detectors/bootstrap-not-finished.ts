import { CREDENTIAL_ADDED } from '../domain/records/security-info';
import { defineDetector } from '../domain/detector';
import { textOf } from '../domain/facts';
import type { Signal } from '../domain/findings/signal';
import { rolesHeld } from '../domain/records/roles';
import { earliest, latest, toMinute } from '../domain/time';
import {
  deadlineOf,
  entriesIn,
  readStory,
  type EndCode,
  type Entry,
  type EpisodeEntry,
  type Story,
} from './bootstrap/story';
import { signalsOf } from './bootstrap/signals';
import { describe, MESSAGES, type MessageId } from './bootstrap/words';
import {
  evidenceFrom,
  notFollowedBy,
  type SequelConclusion,
  type Unfollowed,
} from './not-followed-by';

export const bootstrapNotFinished = defineDetector({
  id: 'bootstrap-not-finished',
  version: 1,
  title: 'Sign-in methods reset or pass issued, nothing registered',
  summary:
    'An administrator took all sign-in methods off an account, or issued a Temporary Access Pass, and the person ' +
    'registered nothing afterwards. They cannot pass an MFA prompt, and whoever knows the password can register a ' +
    'method in their place. High when they hold a privileged role now. Alarms on the reset or the pass itself say ' +
    'nothing of this: both are everyday work, what is missing is what should follow.',
  severity: 'medium',
  attack: ['T1098.005', 'T1556.006'],
  runbook: [
    'Ask the user, over a line that you know to be theirs, whether they tried to register since {first seen} and what stopped them. They may simply be on leave.',
    'In the Microsoft Entra admin center > Entra ID > Users > the user > Authentication methods, see what is registered now. In their sign-in logs since {first seen}, look for sign-ins that are not theirs: somebody else may have the password. If so, reset it and revoke sessions.',
    'Issue another Temporary Access Pass for a time that you have agreed on, and stay with them until a method is registered at https://aka.ms/mysecurityinfo.',
    'Somebody who cannot be reached for long: block sign-in until they are back, so that nobody else can register for them.',
  ],
  falsePositives: [
    'Somebody who is on leave, or has not begun to work yet.',
    'A pass for somebody who has methods and had their phone at home that day.',
    'A pass that is valid from a later day on, where the row does not say until when.',
  ],
  blindSpots: [
    'A registration that is logged under a name that is not read.',
    'Any registration counts, also one that cannot answer an MFA prompt, such as an app password.',
    'An authenticator that was added and never verified: that is told by mfa-registration-unfinished, and not twice.',
    'Methods that an app took off the account, and an account that was created without any and got no pass.',
    'A row "Admin registered security info" that names no method counts as a registration; it may have been a pass.',
    'How long a pass is valid, where its row does not say: the setting is assumed.',
    'An account that was disabled in a time of which the audit log was not read: it is taken for an open one.',
    'Roles that were assigned before the audit log was first read, or by a group: severity is then medium, not high.',
  ],
  references: [
    'https://learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass',
    'https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities',
    'https://github.com/KelvinTegelaar/CIPP/issues/2290',
  ],
  settings: {
    grace: {
      kind: 'duration',
      default: '3d',
      meaning: 'How long somebody whose methods were reset may take to register.',
    },
    'pass-lifetime': {
      kind: 'duration',
      default: '1h',
      meaning:
        'How long a Temporary Access Pass is valid where its row does not say; a day later a registration is missed.',
    },
  },
  reads: [
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Update user',
        'Admin registered security info',
        'Admin deleted security info',
        'User registered security info',
        'User registered all required security info',
        ...CREDENTIAL_ADDED,
        'Add member to role',
        'Remove member from role',
        'Delete user',
        'Hard Delete user',
        'Restore user',
        'Disable account',
        'Enable account',
      ],
    },
    {
      // Names under which passes and passkeys are said to be logged as well: when they come by.
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Create Temporary Access Pass method for user',
        'Admin generated temporary access pass method for user',
        'Remove member from role (PIM activation expired)',
        'Remove member from role completed (PIM deactivate)',
      ],
      prefix: 'Add Passkey',
      optional: true,
    },
  ],
  expects: [],
  retain: '90d',
  opens: ['reset', 'registered-by-admin'],
  messages: MESSAGES,
  signals: signalsOf,

  assess(timeline, coverage, settings) {
    const story = readStory(timeline, settings);
    return notFollowedBy({
      entries: entriesIn(story),
      anchor: ({ episode }) => episode,
      deadline: (entry) => deadlineOf(entry, story),
      endedBy: ({ sequel }) => sequel,
      sources: ['directoryAudits'],
      coverage,
      describe: ({ rows: [row] }) => `${describe(row)} at ${toMinute(row.at)}`,
      awaited: 'a registration',
      missing: 'no registration logged',
      conclude: (proven) => conclude(proven, story),
    });
  },
});

type Proven = readonly [Unfollowed<EpisodeEntry, EndCode>, ...Unfollowed<EpisodeEntry, EndCode>[]];

function conclude(all: Proven, story: Story): SequelConclusion<MessageId> {
  const proven = lastRun(all);
  const entries = proven.map(({ entry }) => entry);
  const end = proven.at(-1)?.end;
  const reset = entries.find(({ kind }) => kind === 'reset');
  const pass = entries.findLast(({ kind }) => kind === 'pass');
  const known = story.all.filter(({ at }) => end === undefined || at <= end.at);
  const roles = rolesHeld(known);
  const by = latest(proven[0].to, ...proven.map(({ to }) => to));
  const earlier = reset === undefined ? registeredBefore(proven[0].entry, story) : undefined;
  return {
    message: reset === undefined ? 'pass-not-followed' : 'reset-not-followed',
    severity: roles.length > 0 ? 'high' : 'medium',
    firstSeenAt: proven[0].entry.at,
    count: proven.length,
    since: earliest(proven[0].to, ...proven.map(({ to }) => to)),
    missing: { what: 'no registration logged', by },
    absenceWindow: { from: proven[0].from, to: by },
    facts: {
      awaitedUntil: by,
      ...(reset !== undefined && { resetAt: reset.at }),
      ...(reset?.rows.some(({ facts }) => facts['required'] === true) && {
        reregistrationRequired: true,
      }),
      ...(pass !== undefined && { passIssuedAt: pass.at }),
      ...(pass?.expiry?.isSaid === true && { passValidTo: pass.expiry.at }),
      ...(earlier !== undefined && { earlierAt: earlier.at, earlier: describe(earlier) }),
      ...(roles.length > 0 && { roles: roles.map(({ facts }) => textOf(facts['role'])) }),
      ...(end !== undefined && { endedAt: end.at, ended: end.evidence.what }),
    },
    evidence: [...entries.flatMap(({ rows }) => rows), ...roles].map((each) =>
      evidenceFrom(each, describe(each)),
    ),
  };
}

/** What hangs together: of what lies before a gap in the log nothing is said. */
function lastRun([first, ...others]: Proven): Proven {
  let run: Proven = [first];
  let to = first.to;
  for (const each of others) {
    run = each.from <= to ? [...run, each] : [each];
    to = latest(to, each.to);
  }
  return run;
}

/** A method that they may still have: registered before, and not taken off by a reset since. */
function registeredBefore({ at }: Entry, { all, registrations }: Story): Signal | undefined {
  const last = all.findLast(
    (each) => each.at < at && (each.kind === 'reset' || registrations.includes(each)),
  );
  return last?.kind === 'reset' ? undefined : last;
}
