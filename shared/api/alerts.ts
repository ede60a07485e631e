import { resendAlert } from '../pipeline/delivery/resend';
import { endpoint } from './endpoint';
import { alertPath } from './requests';
import { resent } from './responses';

/** `POST /api/alerts/{id}/resend`. */
export const resend = endpoint({
  summary: 'Queue an alert again that was given up',
  takes: { path: alertPath },
  response: resent,
  problems: ['not-found', 'conflict'],
  handle: async ({ path: { id } }, { monitor, principal }) => {
    const { stores, clock, logger } = monitor;
    const value = await resendAlert(stores.outbox, id, clock.now());
    logger.warn({ alert: id, by: principal.id }, 'alert resent by a person');
    return { value };
  },
});
