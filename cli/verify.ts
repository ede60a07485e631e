import { buildMonitor } from '../shared/composition';
import { readConfig } from '../shared/config/config';
import type { Environment } from '../shared/config/detectors';
import { DAY, plus, TimeError, toInstant, toMinute, type Instant } from '../shared/domain/time';
import type { Clock } from '../shared/pipeline/ports';
import type { Verification } from '../shared/pipeline/verify';
import { EXIT, UsageError } from './exit';
import { withLocalHost } from './local-environment';
import { paint, printable, wrap, type Terminal } from './print';

export interface VerifyOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** How many tampered rows are printed; `--json` has more. */
const SHOWN = 20;

/**
 * `crosscheck verify`: whether the record is what was written. Needs read access alone.
 * @returns the exit code: 1 when a row was changed, removed or inserted, or something could not be looked at.
 * @throws UsageError, ConfigError
 */
export async function verifyCommand(
  options: VerifyOptions,
  world: { readonly terminal: Terminal; readonly environment: Environment; readonly clock: Clock },
): Promise<number> {
  const { terminal, environment, clock } = world;
  const from = timeOf('--from', options.from, 'begin');
  const to = timeOf('--to', options.to, 'end');
  if (from !== undefined && to !== undefined && from >= to) {
    throw new UsageError('--from must lie before --to');
  }
  const config = readConfig({ LOG_LEVEL: 'warn', ...withLocalHost(environment) });
  const monitor = await buildMonitor(config, clock);
  const found = await monitor.verify({
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
  terminal.out(
    options.json === true
      ? `${JSON.stringify({ asOf: clock.now(), ...found }, null, 2)}\n`
      : toText(found, terminal),
  );
  return found.isSound ? EXIT.done : EXIT.failed;
}

/** A day alone means the whole of it. */
function timeOf(
  option: string,
  text: string | undefined,
  side: 'begin' | 'end',
): Instant | undefined {
  if (text === undefined) {
    return undefined;
  }
  try {
    return /^\d{4}-\d\d-\d\d$/.test(text)
      ? plus(toInstant(`${text}T00:00:00Z`), side === 'end' ? DAY : 0)
      : toInstant(text);
  } catch (error) {
    throw error instanceof TimeError
      ? new UsageError(
          `${option} takes a day like 2026-01-31 or a time like 2026-01-31T12:00:00Z, not "${text}"`,
        )
      : error;
  }
}

function toText(found: Verification, terminal: Terminal): string {
  const { tamperings, unseen, notes, looked, sealedThrough } = found;
  const verdict = found.isSound
    ? 'The record is what was written.'
    : tamperings.length > 0
      ? 'The record was tampered with.'
      : 'The record could not be looked at whole.';
  const lines = tamperings
    .slice(0, SHOWN)
    .map(({ what, place, detail }) => wrap(`${what}: ${place}: ${detail}`, '  '));
  const more = tamperings.length - lines.length;
  return [
    `${paint(terminal, 'heading', verdict)}\n`,
    ...lines,
    more > 0 ? `  and ${more} more (--json has them)\n` : '',
    ...unseen.map((each) => wrap(`not seen: ${each}`, '  ')),
    `Looked at ${numbersOf(looked)}.\n`,
    sealedThrough === undefined ? '' : `Sealed to ${toMinute(sealedThrough)}.\n`,
    ...notes.map((each) => wrap(`note: ${printable(each)}`, '  ')),
    'What this covers and what not: docs/integrity.md\n',
  ].join('');
}

function numbersOf(looked: Verification['looked']): string {
  const { findings, transitions, rules, seals, purges, copies } = looked;
  const nouns = { findings, transitions, 'rules and holds': rules, seals, purges, copies };
  return Object.entries(nouns)
    .map(([noun, number]) => `${number} ${noun}`)
    .join(', ');
}
