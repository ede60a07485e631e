import type { Source } from '../domain/record';
import { LOGS } from '../sources';

/** The timers that are deployed, and by what each is known in the line of its runs. Another function is a `request`. */
export const RUNS: Readonly<Record<string, { readonly run: string; readonly source?: string }>> = {
  ...Object.fromEntries(LOGS.map((source) => [pollTimer(source), { run: 'poll', source }])),
  reassessDue: { run: 'reassess' },
  deliverAlerts: { run: 'deliver' },
  sealRecord: { run: 'seal' },
  purgeExpired: { run: 'purge' },
};

/** The timer that polls a log, like `pollSignIns`. */
export function pollTimer(source: Source): string {
  return `poll${source.charAt(0).toUpperCase()}${source.slice(1)}`;
}
