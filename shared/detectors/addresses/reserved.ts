import type { AddressView, DirectoryObjectRecord } from '../../domain/record';
import type { Seen } from './seen';

type Holder = Pick<DirectoryObjectRecord, 'userPrincipalName' | 'isSynced' | 'mail'> &
  Pick<AddressView, 'address'> & {
    readonly gone?: string | undefined;
    readonly holds?: string | undefined;
  };

/**
 * True when an object holds the address only because it is its sign-in name: a mail recipient's user principal name is
 * always one of its addresses, and cannot be taken away from it.
 */
export function isReservation(holder: Holder): boolean {
  const { address, userPrincipalName, holds, isSynced, mail, gone } = holder;
  const isAlone = (gone ?? '') === '' && isSynced && holds === 'alias';
  return isAlone && userPrincipalName === address && (mail ?? '') !== '' && mail !== address;
}

/** The same of what is kept of one. */
export function isReserved(seen: Seen): boolean {
  return isReservation({ ...seen, address: seen.signal.subject.id });
}
