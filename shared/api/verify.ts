import { endpoint } from './endpoint';
import { definedRange, verifyQuery } from './requests';
import { verification } from './responses';

/** `GET /api/verify`: whether anybody has altered the record. */
export const getVerification = endpoint({
  summary: 'Whether anybody has altered the record',
  takes: { query: verifyQuery },
  response: verification,
  handle: async ({ query }, { monitor }) => {
    const asOf = monitor.clock.now();
    return { value: { asOf, ...(await monitor.verify(definedRange(query))) } };
  },
});
