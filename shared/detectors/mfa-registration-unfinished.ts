import { defineDetector } from '../domain/detector';
import { textOf } from '../domain/facts';
import { repeatedAmong } from '../domain/records/registered-methods';
import type { Signal } from '../domain/findings/signal';
import { dayOf, plus, toMinute } from '../domain/time';
import { contextOf } from './mfa-registration/context';
import { signalsOf } from './mfa-registration/signals';
import {
  endOf,
  evidenceOf,
  readStory,
  SAME_ATTEMPT,
  SOURCES,
  type EndCode,
  type Question,
} from './mfa-registration/story';
import { describe, MESSAGES, type MessageId } from './mfa-registration/words';
import { notFollowedBy, type SequelConclusion, type Unfollowed } from './not-followed-by';

export const mfaRegistrationUnfinished = defineDetector({
  id: 'mfa-registration-unfinished',
  version: 2,
  title: 'Authenticator added but never verified',
  summary:
    'Somebody added an authenticator to their account and left before confirming it, for example by closing the page ' +
    'after scanning the code. Portal lists and Graph show it like a good one, but it cannot satisfy MFA: the user is ' +
    'asked to set up again at the next MFA prompt, and reports of who is registered are wrong. High when the log ' +
    'confirms it, when their working authenticator is gone, when only a Temporary Access Pass is left, or when they ' +
    'hold a privileged role now; low when they have another method that answers MFA prompts.',
  severity: 'medium',
  attack: ['T1556.006'],
  runbook: [
    'In the Microsoft Entra admin center > Entra ID > Users > the user > Authentication methods, look for Microsoft Authenticator under "Non-usable authentication methods" (the finding names its device Id).',
    'Ask the user whether they added it themselves at {first seen}. If not: revoke sessions, reset the password and look at the sign-ins of the day before.',
    'If they did: choose "Require re-register multifactor authentication" there (an Authentication Administrator may; for a privileged user a Privileged Authentication Administrator), or delete this one with DELETE /users/USER-ID/authentication/microsoftAuthenticatorMethods/DEVICE-ID in Microsoft Graph. The portal refuses to delete a default or last method, and each attempt takes one of five places. Then the user registers at https://aka.ms/mysecurityinfo and confirms.',
    'Before a Conditional Access policy that requires MFA is switched on, check that no finding of this detector is open for the people it covers.',
  ],
  falsePositives: [
    'The user verified in a way that is logged nowhere this detector looks (none is known).',
    'An administrator removed the device by a path that writes no audit row.',
  ],
  blindSpots: [
    'A registration that began before the audit log was first read.',
    'Roles that were assigned before the audit log was first read, or by a group: severity is then medium, not high.',
    'Rows that Graph shows later than 48 hours after they happened.',
    'Authenticators of another flavor than the ordinary app, such as the one inside Outlook, are stored and shown, and nobody is alerted, until real rows of them are known.',
    '"User changed default security info" and "User updated security info" are not read: whether they prove a verification is not known.',
    'Security keys, Windows Hello and role activations that only their own services log are seen in exports and when a day is read again without a filter, 48 hours later: the severity may change that late.',
    'Without Entra ID P1 or P2 the sign-in log cannot be read: no sign-in that asks the user to set up again, or that blocks it, raises a finding to high.',
    'When an administrator or the user deletes an authenticator and no row shows which one left, the finding stays open and says so, unless there was only one.',
  ],
  references: [
    'https://timmcmic.blog (2023-08, "Are my users registered for Azure MFA?")',
    'https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities',
  ],
  settings: {
    grace: {
      kind: 'duration',
      default: '60m',
      meaning: 'How long a registration may take before it counts as unfinished.',
    },
    skew: {
      kind: 'duration',
      default: '2m',
      meaning: 'How far the clocks of the logging services may differ.',
    },
    lookback: {
      kind: 'duration',
      default: '30d',
      meaning: 'How far before the registration another known method lowers the severity.',
    },
  },
  reads: [
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Update user',
        'User started security info registration',
        'User registered security info',
        'User registered all required security info',
        'User canceled security info registration',
        'User cancelled security info registration',
        'User deleted security info',
        'Admin deleted security info',
        'Admin registered security info',
        'Add passwordless phone sign-in credential',
        'Add Passkey (device-bound)',
        'Add Passkey (device-bound) security key',
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
      // They only change the severity, and Graph takes a filter of so many values and no more.
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'Add FIDO2 security key',
        'Add Windows Hello for Business credential',
        'Add platform credential',
        'Delete FIDO2 security key',
        'Delete FIDO2 security key(s)',
        'Delete Passkey (device-bound)',
        'Delete Windows Hello for Business credential',
        'Delete platform credential',
        'Remove member from role (PIM activation expired)',
        'Remove member from role completed (PIM deactivate)',
      ],
      optional: true,
    },
    {
      source: 'signIns',
      property: 'status/errorCode',
      values: [50072, 50079, 50125, 53004, 53010],
      optional: true,
      live: true,
    },
  ],
  expects: [
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: ['Update user'],
      otherwise:
        'The audit log holds no "Update user" of Core Directory: added authenticators cannot be seen.',
    },
    {
      source: 'directoryAudits',
      property: 'activityDisplayName',
      values: [
        'User started security info registration',
        'User registered security info',
        'User registered all required security info',
      ],
      otherwise:
        'The audit log holds nothing of the service Authentication Methods: completed registrations are seen only by what they change on the account. Export all services.',
    },
  ],
  retain: '90d',
  join: { uses: 'first3', latestUses: 'last3', asks: 'first3', latestAsks: 'last3' },
  opens: ['device-added', 'started'],
  messages: MESSAGES,
  signals: signalsOf,

  assess(timeline, coverage, settings) {
    const story = readStory(timeline);
    // Of a method that is started again and again registration-without-outcome tells.
    const repeated = repeatedAmong(story.alone, (start) => textOf(start.facts['method']));
    const alone = story.alone.filter((start) => !repeated.has(start));
    const questionOf = (entry: Signal): Question => ({
      ...deviceOf(entry),
      story,
      coverage,
      settings,
    });
    // A start alone must also wait for the device row that would make it the same attempt.
    const reach = (entry: Signal, time: number): number =>
      isStart(entry) ? Math.max(time, SAME_ATTEMPT) : time;
    return notFollowedBy({
      entries: [...story.added, ...alone],
      anchor: (entry) => ({ key: keyOf(entry), from: plus(entry.at, -settings.lookback) }),
      deadline: (entry) => plus(entry.at, reach(entry, settings.grace)),
      skew: (entry) => (isStart(entry) ? SAME_ATTEMPT : settings.skew),
      endedBy: (entry) => endOf(entry, questionOf(entry)),
      sources: SOURCES,
      coverage,
      describe: (entry) => `${describe(entry)} at ${toMinute(entry.at)}`,
      awaited: 'verification',
      missing: 'no verification logged',
      conclude: (proven) => conclude(proven, questionOf(proven[0].entry)),
    });
  },
});

function isStart(entry: Signal): boolean {
  return entry.kind === 'started';
}

function deviceOf(entry: Signal): Pick<Question, 'device'> {
  return isStart(entry) ? {} : { device: textOf(entry.facts['device']) };
}

function keyOf(entry: Signal): string {
  return isStart(entry) ? `started:${dayOf(entry.at)}` : `device:${textOf(entry.facts['device'])}`;
}

const MESSAGE_OF: Readonly<Record<EndCode, MessageId>> = {
  completed: 'late',
  used: 'late',
  retried: 'retried',
  removed: 'removed',
  deleted: 'removed',
  'admin-reset': 'reset',
  cancelled: 'removed', // ends a start alone, which has its own message
  'user-deleted': 'left',
  'user-disabled': 'left',
};

function conclude(
  proven: readonly [Unfollowed<Signal, EndCode>, ...Unfollowed<Signal, EndCode>[]],
  question: Question,
): SequelConclusion<MessageId> {
  const { story, device } = question;
  const [{ entry: first }] = proven;
  const { entry: last, end, to } = proven.at(-1) ?? proven[0];
  const entries = proven.map(({ entry }) => entry);
  const context = contextOf(question, entries, end);
  const starts = story.started.filter(
    (each) => each.at >= plus(first.at, -SAME_ATTEMPT) && each.at <= to,
  );
  const facts = {
    ...context.facts,
    ...(end !== undefined && { ended: end.evidence.what, endedAt: end.at }),
  };
  const evidence = [...[...entries, ...starts].map(evidenceOf), ...context.evidence];
  if (device === undefined) {
    // A start alone is only recorded.
    return {
      ...{ message: 'started', severity: 'info', stage: 'watch', facts, evidence },
      missing: { what: 'nothing further logged', by: to },
      isLookedAtAgain: false,
    };
  }
  return {
    message: end === undefined ? 'unfinished' : MESSAGE_OF[end.code],
    severity: context.severity,
    stage: last.facts['flavor'] === null ? 'alert' : 'watch',
    facts: {
      device,
      deviceName: last.facts['name'] ?? null,
      ...(last.facts['isCodeOnly'] === true && { codesOnly: true }),
      ...facts,
    },
    evidence,
  };
}
