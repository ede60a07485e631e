import { definedRange, verifyQuery } from '../shared/api/requests';
import type { Instant } from '../shared/domain/time';
import { readTyped } from './typed';

/**
 * The stretch of `--from` and `--to`, read as the API reads it: a day means its midnight UTC.
 * @throws UsageError naming every option that is wrong.
 */
export function readRange({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): { readonly from?: Instant; readonly to?: Instant } {
  return definedRange(readTyped(verifyQuery, { from, to }));
}
