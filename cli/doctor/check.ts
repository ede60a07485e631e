import { capitalized } from '../../shared/domain/text';
import { redact } from '../../shared/adapters/logging/redact';
import type { Duration } from '../../shared/domain/time';
import type { Clock } from '../../shared/pipeline/ports/clock';

/** What is looked at, in this order. */
export const GROUPS = {
  settings: 'Settings',
  'sign-in': 'Sign-in to Microsoft Graph, and what is granted',
  logs: 'Logs, licence and policies',
  storage: 'Storage',
  webhook: 'Webhook',
  clock: 'Clock',
  versions: 'Versions',
  app: 'The app, from outside',
  azure: 'The app, as Azure has it',
  watch: 'The watch',
} as const;
export type Group = keyof typeof GROUPS;

/** `fail`: something is not watched, told or guarded. `warn`: it works, with less than it could. */
export interface Check {
  readonly id: string;
  readonly state: 'ok' | 'warn' | 'fail';
  /** One sentence. */
  readonly says: string;
  readonly remedy?: string;
  /** The detectors that it costs. */
  readonly costs?: readonly string[];
}

/** One group of checks: what it looks at, and how long it may take. */
export interface Examination {
  readonly group: Group;
  readonly within: Duration;
  readonly look: (signal: AbortSignal) => Promise<readonly Check[]> | readonly Check[];
}

export interface Examined {
  readonly group: Group;
  readonly checks: readonly Check[];
}

/** Looks, and says so when looking itself fails or takes too long: no examination keeps another from being made. */
export async function examine(
  { group, within, look }: Examination,
  clock: Clock,
): Promise<Examined> {
  const late = new AbortController();
  const done = new AbortController();
  const tooLong = clock.sleep(within, done.signal).then(
    (): readonly Check[] => {
      late.abort();
      return [
        {
          id: group,
          state: 'fail',
          says: `no answer within ${within / 1_000} seconds`,
          remedy: 'Check the network between this machine and Azure, then run it again.',
        },
      ];
    },
    () => [], // it was done in time
  );
  const looked = (async () => look(late.signal))().catch((error: unknown): readonly Check[] => [
    { id: group, ...failed(error) },
  ]);
  const checks = await Promise.race([looked, tooLong]);
  done.abort();
  return { group, checks: checks.map(cleaned) };
}

/** A failure as a check says it. Our own errors are sentences, some with the remedy apart. */
export function failed(error: unknown): Pick<Check, 'state' | 'says' | 'remedy'> {
  const { name, message, remedy } = error as Partial<Error> & { readonly remedy?: unknown };
  if (typeof remedy === 'string') {
    const said = (message ?? '').replace(`; ${remedy}`, '');
    return { state: 'fail', says: said, remedy: sentence(remedy) };
  }
  return { state: 'fail', says: `it could not be looked at: ${name ?? ''}: ${message ?? ''}` };
}

/** With a capital and a full stop. */
export function sentence(text: string): string {
  return `${capitalized(text)}${text.endsWith('.') ? '' : '.'}`;
}

function cleaned(check: Check): Check {
  const { says, remedy } = check;
  return { ...check, says: redact(says), ...(remedy !== undefined && { remedy: redact(remedy) }) };
}
