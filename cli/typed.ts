import type { z } from 'zod';
import type { Fault } from '../shared/api/answer';
import { checkInput } from '../shared/api/requests';
import { UsageError } from './exit';

/**
 * Reads what was typed as the API reads it.
 * @param known what is wrong besides.
 * @throws UsageError naming everything that is wrong.
 */
export function readTyped<S extends z.ZodType>(
  schema: S,
  typed: unknown,
  known: readonly Fault[] = [],
): z.infer<S> {
  const checked = checkInput(schema, typed, known);
  if ('faults' in checked) {
    const faults = checked.faults.map(
      ({ parameter, detail }) => `${parameter === 'id' ? 'the id' : `--${parameter}`} ${detail}`,
    );
    throw new UsageError(faults.join('\n'));
  }
  return checked.value;
}
