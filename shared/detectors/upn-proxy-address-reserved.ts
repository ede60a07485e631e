import { defineDetector, type MessageContext } from '../domain/detector';
import { textOf } from '../domain/facts';
import type { AddressView, DirectoryObjectRecord } from '../domain/record';
import { toMinute } from '../domain/time';
import { leavingIn } from './addresses/leaving';
import {
  errorIn,
  heldByAnother,
  isOver,
  pairsIn,
  sinceThen,
  type Conflict,
} from './addresses/pairs';
import { isReservation, isReserved } from './addresses/reserved';
import {
  isHolding,
  isRefused,
  isWanting,
  observed,
  type Seen,
  READS_OBJECTS,
} from './addresses/seen';
import { nextQuestion } from './not-followed-by';

/** A sign-in name is a mail address for ever: what happens when somebody else needs it. */
export const upnProxyAddressReserved = defineDetector({
  id: 'upn-proxy-address-reserved',
  version: 1,
  title: 'Mail address reserved by a sign-in name, and wanted',
  summary:
    'The user principal name of a mail recipient is always one of its mail addresses and cannot be removed from it. That ' +
    'is by design and no finding; but nobody else can have the address, and the error says only that it is taken. It is ' +
    'found when another object wants it, and noted when its holder leaves or goes by another address.',
  severity: 'medium',
  attack: ['T1098'],
  runbook: [
    'See that the address is the user principal name of its holder, in Entra ID > Users; somebody has wanted it since ' +
      '{first seen}.',
    'Change the user principal name on premises (Set-ADUser -UserPrincipalName) and let it synchronise.',
    'Take the address from the one who leaves one synchronisation before it is given to the successor.',
    'Retry the provisioning of the one that wants it: POST /users/ID/retryServiceProvisioning in Graph.',
  ],
  falsePositives: [
    'An account whose mail address is that of somebody else although it needs none, such as an administrator account.',
    'A person who is away for long and whose account is disabled meanwhile.',
  ],
  blindSpots: [
    'The wish of somebody who has not tried yet.',
    'What exists in Exchange only, and what on-premises Active Directory says beside what was synchronised.',
    'Sign-in names of the initial domain (onmicrosoft.com), which are left out.',
  ],
  references: [
    'https://learn.microsoft.com/troubleshoot/azure/entra/entra-id/user-prov-sync/proxyaddresses-attribute-populate',
    'https://timmcmic.blog',
  ],
  runs: 'with-directory',
  settings: {
    settle: {
      kind: 'duration',
      default: '3h',
      meaning:
        'How long an object must be without its mail address before that counts, where no error says so.',
    },
    leaving: {
      kind: 'duration',
      default: '30d',
      meaning: 'For how long it is noted that the holder was disabled or goes by another address.',
    },
  },
  reads: READS_OBJECTS,
  expects: [],
  retain: '180d',
  opens: ['reserves'],
  messages: {
    wanted: { title: 'A sign-in name reserves an address that another needs', summary: wanted },
    'about-to': { title: 'A sign-in name keeps an address that looks free', summary: looksFree },
  },

  signals(record) {
    return record.source === 'directoryObjects'
      ? observed(record, (view) => kindOf(record, view))
      : [];
  },

  assess(timeline, { directoryObjects: coverage }, { settle, leaving }) {
    const pairs = pairsIn(timeline, coverage, { conflict, endedAs, settle });
    const alone = leavingIn(timeline, coverage, leaving);
    const asks = alone.flatMap((each) => each.asks ?? []);
    return {
      findings: [...pairs.findings, ...alone.map(({ answer }) => answer)],
      ...nextQuestion(pairs.askAgainAt === undefined ? asks : [...asks, pairs.askAgainAt]),
    };
  },
});

function kindOf(record: DirectoryObjectRecord, { address, holds, wants }: AddressView): string {
  if (isReservation({ ...record, address, holds })) {
    return 'reserves';
  }
  return wants.length > 0 ? 'wants' : 'seen';
}

function conflict(holder: Seen, wanter: Seen): Conflict<'wanted'> | undefined {
  return isReserved(holder) && isWanting(wanter)
    ? { message: 'wanted', severity: 'medium', isSure: isRefused(wanter) }
    : undefined;
}

function endedAs(holder: Seen, wanter: Seen, objects: readonly Seen[]): string | undefined {
  const isRenamed = holder.userPrincipalName !== holder.signal.subject.id;
  if (!isWanting(wanter)) {
    return isRenamed ? 'renamed' : isHolding(holder) ? 'not-wanted' : 'freed';
  }
  if (isHolding(holder)) {
    return isRenamed ? 'renamed' : 'not-reserved'; // it may still hold the address, as any other
  }
  return heldByAnother(wanter, objects);
}

// ----------------------------------------------------------------------------------------------------------- in words

function wanted({ who, facts, since }: MessageContext): string {
  const [holder, wanter] = [textOf(facts['holderName']), textOf(facts['wanterName'])];
  const error =
    errorIn(facts) ||
    `it is its mail address and not held by it, seen so until ${toMinute(since)}; no error says why`;
  const [is, cannot] = isOver(facts) ? ['was', 'could not'] : ['is', 'cannot'];
  const advice = isOver(facts)
    ? ''
    : ` It cannot be removed from ${holder}; only a new user principal name on premises frees it.`;
  return (
    `${who} ${is} the sign-in name of ${holder} and therefore reserved as mail address; ${wanter} ${cannot} get it ` +
    `(${error}).${advice}${sinceThen(facts)}`
  );
}

function looksFree({ who, facts, firstSeenAt }: MessageContext): string {
  const holder = textOf(facts['holderName']);
  const what =
    facts['why'] === 'disabled'
      ? `is disabled, seen so since ${toMinute(firstSeenAt)}`
      : `goes by ${textOf(facts['mail'])} since ${toMinute(firstSeenAt)}`;
  return (
    `${holder} ${what}, and ${who} looks free. It is not: it is the sign-in name of ${holder} and stays reserved as mail ` +
    `address, so the next person with that name cannot have it.`
  );
}
