import { defineDetector, type MessageContext } from '../domain/detector';
import { textOf } from '../domain/facts';
import type { AddressView } from '../domain/record';
import { capitalized } from '../domain/text';
import { toMinute, type Instant } from '../domain/time';
import {
  errorIn,
  heldByAnother,
  isOver,
  pairsIn,
  sinceThen,
  type Conflict,
} from './addresses/pairs';
import {
  isHolding,
  isRefused,
  isWanting,
  observed,
  type Seen,
  READS_OBJECTS,
} from './addresses/seen';
import { isReserved } from './addresses/reserved';

type MessageId = 'guest-holds' | 'guest-holds-likely' | 'guest-without-address' | 'other-holds';

/** An address that one object holds and another one should have: most often a guest is in the way of a mail user. */
export const guestProxyAddressConflict = defineDetector({
  id: 'guest-proxy-address-conflict',
  version: 1,
  title: 'Mail address held by a guest, wanted by another',
  summary:
    'A mail address belongs to one object of the directory, most often to a guest who was invited with it, and another ' +
    'object should have it: a user, group or contact that is synchronised from on-premises, and that Exchange cannot ' +
    'provision as long as that is so. The error stands at the object, where nobody looks.',
  severity: 'medium',
  attack: ['T1136.003'],
  runbook: [
    'Decide which of the two objects stays. The finding began at {first seen}; when a guest is removed, it loses what was ' +
      'shared with it, so write down its groups first.',
    'Remove the other one, a guest with: Remove-MgUser -UserId GUEST (it was Remove-AzureADUser).',
    'Retry the provisioning: POST /users/ID/retryServiceProvisioning in Graph, and the same for groups and contacts (it ' +
      'was Redo-MsolProvisionUser, whose module is gone).',
    'See that the serviceProvisioningErrors of the object are empty, and that it holds the address.',
  ],
  falsePositives: [
    'An account without a mailbox whose mail address is that of a person, such as an administrator account: it wants what ' +
      'it does not need. Clear its mail attribute.',
    'A move of an address from one object to another that takes longer than the settling time.',
  ],
  blindSpots: [
    'What exists in Exchange only, such as public folders and system mailboxes.',
    'What on-premises Active Directory says beside what was synchronised.',
    'Errors whose text names another object and no address.',
    'Whether Exchange still counts an object in the bin is not known; it counts as gone here, and the text says so.',
    'Addresses of the initial domain (onmicrosoft.com), which are left out.',
  ],
  references: [
    'https://learn.microsoft.com/graph/api/resources/serviceprovisioningxmlerror',
    'https://learn.microsoft.com/graph/api/resources/onpremisesprovisioningerror',
    'https://timmcmic.blog',
  ],
  runs: 'with-directory',
  settings: {
    settle: {
      kind: 'duration',
      default: '3h',
      meaning:
        'How long an object must be without its mail address before that counts, where no error says so: two cycles of ' +
        'synchronisation and what follows them.',
    },
  },
  reads: READS_OBJECTS,
  expects: [],
  retain: '180d',
  opens: ['wants', 'mail'],
  messages: {
    'guest-holds': { title: 'A guest holds an address that another needs', summary: heldByGuest },
    'guest-holds-likely': {
      title: 'A guest likely holds an address that another needs',
      summary: likelyHeldByGuest,
    },
    'guest-without-address': {
      title: 'A guest has no address because another holds it',
      summary: withoutAddress,
    },
    'other-holds': { title: 'Mail address held by one, wanted by another', summary: heldByOther },
  },

  signals(record) {
    return record.source === 'directoryObjects' ? observed(record, kindOf) : [];
  },

  assess: (timeline, { directoryObjects }, { settle }) =>
    pairsIn<MessageId>(timeline, directoryObjects, {
      ...{ conflict: conflictOf, endedAs, settle },
    }),
});

function kindOf({ wants, holds }: AddressView): string {
  return wants.length > 0 ? 'wants' : holds === undefined ? 'mail' : 'holds';
}

function conflictOf(holder: Seen, wanter: Seen): Conflict<MessageId> | undefined {
  if (!isHolding(holder) || isReserved(holder)) {
    return undefined; // that it is reserved is another story: upn-proxy-address-reserved
  }
  const isSure = isRefused(wanter);
  if (holder.guest !== '' && isWanting(wanter)) {
    return isSure
      ? { message: 'guest-holds', severity: 'medium', isSure }
      : { message: 'guest-holds-likely', severity: 'low', isSure };
  }
  if (isBare(wanter) && holder.guest === '' && holder.collection !== 'groups') {
    return { message: 'guest-without-address', severity: 'low', isSure: true };
  }
  return isWanting(wanter) ? { message: 'other-holds', severity: 'low', isSure } : undefined;
}

/** A guest that has the address as mail address and holds none at all. */
function isBare({ guest, gone, hasAddresses, holds, wantedSince }: Seen): boolean {
  const isItsMail = wantedSince !== undefined && holds === '';
  return guest === 'guest' && gone === '' && !hasAddresses && isItsMail;
}

function endedAs(holder: Seen, wanter: Seen, objects: readonly Seen[]): string | undefined {
  if (!isWanting(wanter) && !isBare(wanter)) {
    return isHolding(holder) ? 'renamed' : 'freed';
  }
  return isHolding(holder) ? 'reserved' : heldByAnother(wanter, objects);
}

// ----------------------------------------------------------------------------------------------------------- in words

function heldByGuest({ who, facts }: MessageContext): string {
  const { holder, created, wanter, is } = words(facts);
  const advice = isOver(facts)
    ? ''
    : ' In most cases the guest is removed and the provisioning retried.';
  return `${who} ${is} held by ${holder}${created} and wanted by ${wanter}, ${refusal(facts)}.${advice}${sinceThen(facts)}`;
}

function likelyHeldByGuest({ who, facts, since }: MessageContext): string {
  const { holder, created, wanter, is } = words(facts);
  return (
    `${who} ${is} held by ${holder}${created}. ${capitalized(wanter)}, which is synchronised from on-premises, has it as ` +
    `mail address and does not hold it, seen so until ${toMinute(since)}: likely the guest is in the way. No error says ` +
    `so.${sinceThen(facts)}`
  );
}

function withoutAddress({ who, facts }: MessageContext): string {
  const { holder, wanter, is } = words(facts);
  return (
    `${capitalized(wanter)} has the mail address ${who} and holds no address at all; the address ${is} held by ${holder}. ` +
    `Such a guest cannot redeem an invitation by a direct link.${sinceThen(facts)}`
  );
}

function heldByOther({ who, facts, since }: MessageContext): string {
  const { holder, wanter, is } = words(facts);
  const wish =
    errorIn(facts) === ''
      ? `which has it as mail address and does not hold it, seen so until ${toMinute(since)}; no error says why`
      : refusal(facts);
  const advice = isOver(facts) ? '' : ' One of the two has to give it up.';
  return `${who} ${is} held by ${holder} and wanted by ${wanter}, ${wish}.${advice}${sinceThen(facts)}`;
}

function words(facts: MessageContext['facts']) {
  const created = facts['holderCreatedAt'] as Instant | undefined;
  return {
    holder: `the ${textOf(facts['holderIs'])} ${textOf(facts['holderName'])}`,
    wanter: `the ${textOf(facts['wanterIs'])} ${textOf(facts['wanterName'])}`,
    created: created === undefined ? '' : ` (created ${toMinute(created)})`,
    is: isOver(facts) ? 'was' : 'is',
  };
}

function refusal(facts: MessageContext['facts']): string {
  const synced = facts['isWanterSynced'] === true ? 'is synchronised from on-premises and ' : '';
  return `which ${synced}cannot be provisioned with it (${errorIn(facts)})`;
}
