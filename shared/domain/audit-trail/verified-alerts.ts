import { DELIVERY_STATES, type AlertDelivery } from '../findings/delivery';
import {
  changed,
  inserted,
  lookAtRow,
  meaningOf,
  removed,
  type StoredText,
  type IntegrityFault,
} from './stored-text';
import { ALERT_FORMS, type Alert, type Transition } from '../findings/transition';

/**
 * Compares the alerts of a finding with its history: a transition says what people were to be told of it, and its alerts
 * were written together with it. They stay until the finding is purged.
 */
export function verifyAlerts(
  id: string,
  links: readonly Transition[],
  rows: readonly StoredText[],
): IntegrityFault | undefined {
  for (const row of rows) {
    const wrong = lookAtAlert(id, row, links[(row.sequence ?? 0) - 1]);
    if (wrong !== undefined) {
      return wrong;
    }
  }
  const lacking = links.find(
    ({ alert, sequence }) => alert !== undefined && rows.every((row) => row.sequence !== sequence),
  );
  return (
    lacking &&
    removed(
      `alert ${id}-${lacking.sequence}`,
      `row ${lacking.sequence} of the history says that people were to be told (${lacking.alert}), and there is no such alert`,
    )
  );
}

function lookAtAlert(
  id: string,
  row: StoredText,
  link: Transition | undefined,
): IntegrityFault | undefined {
  const { place, sequence, channel } = row;
  if (link?.alert === undefined) {
    return inserted(place, 'no transition says that people were to be told');
  }
  const isOwn = ({ alert, channel: over }: Partial<AlertDelivery>): boolean =>
    alert?.id === `${id}-${sequence}` && over === channel;
  const wrong = lookAtRow(row, isOwn);
  if (wrong !== undefined) {
    return wrong;
  }
  const { alert, createdAt, state, attempts } = meaningOf(row) as Partial<AlertDelivery>;
  const { findingId, verb, form } = alert as Partial<Alert>;
  if (
    findingId !== id ||
    verb !== link.alert ||
    createdAt !== link.at ||
    !ALERT_FORMS.some((each) => each === form)
  ) {
    return changed(place, `it is not what row ${sequence} of the history says`);
  }
  if (!DELIVERY_STATES.some((each) => each === state) || row.columns?.['state'] !== state) {
    return changed(place, 'the state beside it is not the one that it says');
  }
  return state === 'sent' && !(typeof attempts === 'number' && attempts > 0)
    ? changed(place, 'it counts as sent, and nobody tried to send it')
    : undefined;
}
