import { plainText } from '../../shared/domain/text';
import { toMinute } from '../../shared/domain/time';
import { damagedInWords } from '../../shared/pipeline/audit-trail/damaged';
import { repair, type RepairReport } from '../../shared/pipeline/audit-trail/repair';
import type { RowRepairReport } from '../../shared/pipeline/audit-trail/repair-rows';
import { EXIT } from '../exit';
import { count } from '../finding-text';
import { answer } from '../print';
import { openMonitor, type World } from '../stores';

/** How many of those are printed; `--json` has more. */
const SHOWN = 20;

export interface RepairOptions {
  readonly json?: boolean;
  /** Lines of what is gone are taken away, too. */
  readonly forget?: boolean;
}

/**
 * `crosscheck repair`: rebuilds stored rows that cannot be read, then makes the lists of findings and the counts per day
 * say what the findings say.
 * @returns the exit code: 1 when something is left, or a line tells of what is gone.
 * @throws ConfigError
 */
export async function repairCommand(options: RepairOptions, world: World): Promise<number> {
  const { terminal } = world;
  const { stores, repairRows } = await openMonitor(world);
  const rows = await repairRows();
  const report = await repair({
    stores,
    isForgetting: options.forget === true,
    ...(terminal.isInteractive && {
      onProgress: ({ findings, rows }) => {
        terminal.err(
          `${count(findings, 'finding')}, ${count(rows, 'row')} of the lists read ...\n`,
        );
      },
    }),
  });
  answer(
    terminal,
    options,
    { ...report, damagedRows: rows },
    () => `${toText(report)}${rowsText(rows)}`,
  );
  if (rows.left.length > 0) {
    terminal.err(
      `crosscheck: ${count(rows.left.length, 'stored row')} cannot be read and nothing says the same; find out who changed them with: crosscheck verify\n`,
    );
  }
  if (report.lost.length > 0) {
    terminal.err(lostText(report.lost, options.forget === true));
  }
  if (report.untold > 0) {
    terminal.err(untoldText(report.untold, options.forget === true));
  }
  if (report.unreadable > 0) {
    terminal.err(
      `crosscheck: ${count(report.unreadable, 'finding')} cannot be read and stayed as listed; run: crosscheck verify\n`,
    );
    return EXIT.failed;
  }
  return rows.left.length + report.lost.length + report.untold > 0 ? EXIT.failed : EXIT.done;
}

function toText(report: RepairReport): string {
  const { findings, rows, added, corrected, removed, counted, recounted } = report;
  const looked = `${count(findings, 'finding')} and ${count(rows, 'row')} of the lists were compared`;
  const lists =
    added + corrected + removed === 0
      ? 'the lists are right'
      : `${added} added, ${corrected} corrected, ${removed} removed`;
  const counts = [
    ...(counted === 0 ? [] : [`; ${counted} added to the counts per day`]),
    ...(recounted === 0 ? [] : [`; ${count(recounted, 'count')} per day counted anew`]),
  ];
  return `${looked}: ${lists}${counts.join('')}\n`;
}

/** Only the lists tell that there was more than there is: whoever took it away is to be found first. */
function lostText(lost: RepairReport['lost'], isForgotten: boolean): string {
  const shown = lost.slice(0, SHOWN).map(({ id, status, resolution, openedAt }) => {
    const state = resolution === undefined ? status : `${status}, ${resolution}`;
    return `  ${id}: opened ${toMinute(openedAt)}, ${state}\n`;
  });
  const what = `the lists told of ${count(lost.length, 'finding')} that ${lost.length === 1 ? 'is' : 'are'} gone, or further than what is stored, and no purge is written down:\n`;
  const next = isForgotten
    ? 'These lines were taken away, as --forget says; a copy of each is in the table Quarantine. Find out who changed the record.\n'
    : 'These lines stay, as evidence. Run: crosscheck verify. Keep: crosscheck repair --json. Only then: crosscheck repair --forget\n';
  return plainLines(
    `crosscheck: ${what}${shown.join('')}${lost.length > shown.length ? '  and more (--json has them)\n' : ''}${next}`,
  );
}

function untoldText(untold: number, isForgotten: boolean): string {
  const what = `crosscheck: the counts per day have ${untold} openings and ends that no history tells of, and no purge is written down. `;
  return isForgotten
    ? `${what}They were taken away, as --forget says; a copy of each count is in the table Quarantine. Find out who changed the record.\n`
    : `${what}They stay, as evidence. Run: crosscheck verify. Only then: crosscheck repair --forget\n`;
}

function plainLines(text: string): string {
  return text
    .split('\n')
    .map((line) => plainText(line))
    .join('\n');
}

/** What became of rows that could not be read; nothing while there are none. */
function rowsText({ rebuilt, gaps, left }: RowRepairReport): string {
  return [
    ...rebuilt.map((row) => `rebuilt: ${damagedInWords(row)}`),
    ...gaps.map(
      (row) =>
        `taken away: ${damagedInWords(row)}; over ${row.month ?? 'any time'} nothing is concluded about this person until: crosscheck quarantine accept`,
    ),
    ...left.map((row) => `stays: ${damagedInWords(row)}`),
  ]
    .map((line) => `${plainText(line)}\n`)
    .join('');
}
