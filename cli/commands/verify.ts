import { toMinute } from '../../shared/domain/time';
import type { Verification } from '../../shared/pipeline/audit-trail/verify';
import { EXIT } from '../exit';
import { answer, paint, printable, wrap, type Terminal } from '../print';
import { readRange } from '../range';
import { openMonitor, type World } from '../stores';

export interface VerifyOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** How many tampered rows are printed; `--json` has more. */
const SHOWN = 20;

/**
 * `crosscheck verify`: whether the record is what was written. Needs read access alone.
 * @returns the exit code: 1 when a row was changed, removed or inserted, something derived differs, or something could
 * not be looked at.
 * @throws UsageError, ConfigError
 */
export async function verifyCommand(options: VerifyOptions, world: World): Promise<number> {
  const { terminal, clock } = world;
  const range = readRange(options);
  const monitor = await openMonitor(world);
  const found = await monitor.verify(range);
  answer(terminal, options, { asOf: clock.now(), ...found }, () => toText(found, terminal));
  return found.isSound ? EXIT.done : EXIT.failed;
}

function toText(found: Verification, terminal: Terminal): string {
  const { tamperings, differences, unseen, notes, looked, sealedThrough } = found;
  const verdict = found.isSound
    ? 'The record is what was written.'
    : tamperings.length > 0
      ? 'The record was tampered with.'
      : unseen.length > 0
        ? 'The record could not be looked at whole.'
        : 'The record is what was written; what is derived from it is not. Run: crosscheck repair';
  const lines = tamperings
    .slice(0, SHOWN)
    .map(({ what, place, detail }) => wrap(`${what}: ${place}: ${detail}`, '  '));
  const more = tamperings.length - lines.length;
  return [
    `${paint(terminal, 'heading', verdict)}\n`,
    ...lines,
    more > 0 ? `  and ${more} more (--json has them)\n` : '',
    ...differences.map((each) => wrap(`differs: ${printable(each)}`, '  ')),
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
