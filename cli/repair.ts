import { buildMonitor } from '../shared/composition';
import { readConfig } from '../shared/config/config';
import type { Environment } from '../shared/config/detectors';
import { safeJson } from '../shared/domain/plain-text';
import type { Clock } from '../shared/pipeline/ports';
import { repair, type RepairReport } from '../shared/pipeline/repair';
import { EXIT } from './exit';
import { count } from './finding-text';
import { withLocalHost } from './local-environment';
import type { Terminal } from './print';

export interface RepairOptions {
  readonly json?: boolean;
}

/**
 * `crosscheck repair`: makes the lists of findings and the counts per day say what the findings say.
 * @throws ConfigError
 */
export async function repairCommand(
  options: RepairOptions,
  world: { readonly terminal: Terminal; readonly environment: Environment; readonly clock: Clock },
): Promise<number> {
  const { terminal, environment, clock } = world;
  const config = readConfig({ LOG_LEVEL: 'warn', ...withLocalHost(environment) });
  const { stores } = await buildMonitor(config, clock);
  const report = await repair({
    stores,
    ...(terminal.isInteractive && {
      onProgress: ({ findings, rows }) => {
        terminal.err(
          `${count(findings, 'finding')}, ${count(rows, 'row')} of the lists read ...\n`,
        );
      },
    }),
  });
  terminal.out(options.json === true ? `${safeJson(report, 2)}\n` : toText(report));
  if (report.unreadable > 0) {
    terminal.err(
      `crosscheck: ${count(report.unreadable, 'finding')} cannot be read and stayed as listed; run: crosscheck verify\n`,
    );
    return EXIT.failed;
  }
  return EXIT.done;
}

function toText({ findings, rows, added, corrected, removed, counted }: RepairReport): string {
  const looked = `${count(findings, 'finding')} and ${count(rows, 'row')} of the lists were compared`;
  const lists =
    added + corrected + removed === 0
      ? 'the lists are right'
      : `${added} added, ${corrected} corrected, ${removed} removed`;
  return `${looked}: ${lists}${counted === 0 ? '' : `; ${counted} added to the counts per day`}\n`;
}
