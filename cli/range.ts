import type { Instant } from '../shared/domain/time';
import { checkInput, rangeQuery } from '../shared/api/requests';
import { UsageError } from './exit';

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
  const checked = checkInput(rangeQuery, {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
  if ('faults' in checked) {
    throw new UsageError(
      checked.faults.map(({ parameter, detail }) => `--${parameter} ${detail}`).join('\n'),
    );
  }
  const { value } = checked;
  return {
    ...(value.from !== undefined && { from: value.from }),
    ...(value.to !== undefined && { to: value.to }),
  };
}
