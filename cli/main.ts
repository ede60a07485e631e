import { inspect } from 'node:util';
import { Command, CommanderError } from 'commander';
import { version } from '../package.json';
import { redact } from '../shared/adapters/logging/redact';
import { systemClock } from '../shared/adapters/system-clock';
import { processEnvironment } from '../shared/config/environment';
import { CrosscheckError } from '../shared/domain/errors';
import { analyzeCommand, type AnalyzeOptions } from './commands/analyze';
import type { BackfillOptions } from './commands/backfill';
import type { CoverageOptions } from './commands/coverage';
import type { DecideOptions } from './commands/decide';
import type { DoctorOptions } from './commands/doctor';
import { EXIT } from './exit';
import type { ExportOptions } from './commands/export';
import { withFilters } from './filter';
import type { FindingsOptions } from './commands/findings';
import type { PollCommandOptions } from './commands/poll';
import type { ReadinessOptions } from './commands/readiness';
import type { RepairOptions } from './commands/repair';
import type { StartOptions } from './commands/start';
import { printable, processTerminal } from './print';
import { recordCommands } from './commands/record-commands';
import { LOGS } from '../shared/sources';

const terminal = processTerminal();
const world = { terminal, environment: processEnvironment(), clock: systemClock };

function program(setExit: (code: number) => void): Command {
  const root = new Command('crosscheck')
    .description('Finds what Microsoft Entra logs call a success and is not.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(crosscheck --help tells more)');
  root
    .command('analyze')
    .description('run the detectors over exported audit and sign-in logs')
    .argument('<inputs...>', 'files, folders, or - for standard input')
    .option(
      '--as-of <time>',
      'treat the logs as complete up to this time, like 2026-01-31T12:00:00Z',
    )
    .option(
      '--complete-from <time>',
      'you vouch that the logs hold everything from this time on, as of an export cut to one user',
    )
    .option(
      '--observed-at <file=time>',
      'when the directory objects in a file were read, or one time for all files (default: when it was written)',
      (value: string, before: string[] | undefined) => [...(before ?? []), value],
    )
    .option('--json', 'print JSON to standard output')
    .addHelpText(
      'after',
      `
Reads what Graph, the portal (JSON; of CSV the sign-ins), diagnostic settings, Log Analytics and Sentinel (JSON, CSV),
Graph PowerShell and the usual SIEMs export, mixed as you like, also gzipped; docs/exports.md lists them. Without
--complete-from and --as-of a log is taken to be complete from its oldest to its newest record. Thresholds are
environment variables, and so is which detectors run, for some are off by default: see docs/detectors.md.

Pages of users, groups and contacts are read too, as Graph answers /users/delta and the like or lists them: pages up to
one that names no next page are one round, and so are all of one time.

Exit code: 0 done (skipped records are listed), 1 a file could not be read, was cut, holds an unreadable row that a
detector needs, or more than a tenth of its rows could not be used, 2 wrong usage.

Examples:
  crosscheck analyze examples
  crosscheck analyze AuditLogs.json SignInLogs.json --json | jq '.findings[].summary'
  az rest ... | crosscheck analyze -`,
    )
    .action(async (inputs: string[], options: AnalyzeOptions) => {
      setExit(await analyzeCommand(inputs, options, world));
    });
  root
    .command('start')
    .description('run the monitor on this machine: functions, storage, inbox and a demo tenant')
    .option(
      '--port <number>',
      'where the API listens (default: 7071, or another one if that is taken)',
    )
    .option('--data <folder>', 'where the findings are kept (default: .crosscheck)')
    .option('--no-demo', 'refuse to start without TENANT_ID')
    .addHelpText(
      'after',
      `
Without TENANT_ID it watches a made-up tenant. With TENANT_ID it watches that one through your "az login"
(GRAPH_AUTH=azure-cli). Without TEAMS_WEBHOOK_URL alerts go to an inbox on this machine. Ctrl-C ends everything.`,
    )
    .action(async (options: StartOptions) => {
      const { startCommand, stopOnSignals } = await import('./commands/start');
      setExit(
        await startCommand(options, {
          ...world,
          environment: processEnvironment(),
          stop: stopOnSignals(),
        }),
      );
    });
  root
    .command('poll')
    .description('read the logs now, as the timers do, and deliver what is owed')
    .option('--once', 'one run over both logs')
    .option('--sweep', 'read the late tail of the last 48 hours again, too')
    .option('--dry-run', 'write and send nothing; shows what a first read would find')
    .option('--json', 'print JSON to standard output')
    .addHelpText('after', SETTINGS_HELP)
    .action(async (options: PollCommandOptions) => {
      const { pollCommand } = await import('./commands/poll');
      setExit(await pollCommand(options, world));
    });
  withFilters(root.command('findings').description('list what is stored, the newest opened first'))
    .option('--top <number>', 'at most so many', '50')
    .option('--json', 'print JSON to standard output')
    .option('--csv', 'print CSV to standard output')
    .addHelpText('after', SETTINGS_HELP)
    .action(async (options: FindingsOptions) => {
      const { findingsCommand } = await import('./commands/findings');
      setExit(await findingsCommand(options, world));
    });
  root
    .command('show')
    .description('show one finding with its evidence and history')
    .argument('<id>', 'the id of the finding')
    .option('--json', 'print JSON to standard output')
    .addHelpText('after', SETTINGS_HELP)
    .action(async (id: string, options: { json?: boolean }) => {
      const { showCommand } = await import('./commands/findings');
      setExit(await showCommand(id, options, world));
    });
  root
    .command('coverage')
    .description('show what was read of each log, what was read again, and what is missing')
    .option('--from <time>', 'only from here on, like 2026-01-31 or 2026-01-31T12:00:00Z')
    .option('--to <time>', 'only up to here')
    .option('--json', 'print JSON to standard output')
    .option('--csv', 'print CSV to standard output')
    .addHelpText('after', SETTINGS_HELP)
    .action(async (options: CoverageOptions) => {
      const { coverageCommand } = await import('./commands/coverage');
      setExit(await coverageCommand(options, world));
    });
  root
    .command('backfill')
    .description('read a range of the past through the same journal; resumable')
    .requiredOption(
      '--from <time>',
      'the beginning of the range, like 2026-01-30 or 2026-01-30T12:00:00Z',
    )
    .requiredOption('--to <time>', 'its end')
    .option('--source <source>', `only ${LOGS.join(' or ')}`)
    .option('--json', 'print JSON to standard output')
    .addHelpText(
      'after',
      `
Fills gaps and goes back before the first read, as far as the log reaches. What it opens goes out as one digest.
Interrupted, the same command goes on where it stopped.
${SETTINGS_HELP}`,
    )
    .action(async (options: BackfillOptions) => {
      const { backfillCommand } = await import('./commands/backfill');
      setExit(await backfillCommand(options, world));
    });
  root
    .command('repair')
    .description('make the lists of findings say again what the findings say')
    .option('--forget', 'also take away lines of what is gone: they may be the only trace of it')
    .option('--json', 'print JSON to standard output')
    .addHelpText(
      'after',
      `
Adds what is missing in the lists, corrects what differs and removes what was purged. A line that tells of a finding that
is gone, or of more than its history says, stays and ends with exit code 1: first run crosscheck verify. Changes no finding, may be broken
off and repeated, and may run while the monitor does.
${SETTINGS_HELP}`,
    )
    .action(async (options: RepairOptions) => {
      const { repairCommand } = await import('./commands/repair');
      setExit(await repairCommand(options, world));
    });
  root
    .command('doctor')
    .description('say what is granted, what is missing, and which detector that costs')
    .option('--app-url <address>', 'also ask the deployed app, as a stranger would')
    .option('--resource-group <name>', 'also ask Azure about the app, through your "az login"')
    .option('--app <name>', 'the name of the Function App in that group')
    .option('--json', 'print JSON to standard output')
    .addHelpText(
      'after',
      `
Changes nothing: one row of each table is written and removed again, and nothing is posted to the webhook. Tokens,
keys and addresses of webhooks are not printed.

Exit code: 0 nothing fails (warnings are allowed), 1 something fails, 2 wrong usage or settings that cannot be used.

Examples:
  crosscheck doctor
  crosscheck doctor --app-url https://<APP_HOST> --resource-group rg-crosscheck-prod --app <APP_NAME>
  crosscheck doctor --json | jq '.checks[] | select(.state != "ok")'
${SETTINGS_HELP}`,
    )
    .action(async (options: DoctorOptions) => {
      const { doctorCommand } = await import('./commands/doctor');
      setExit(await doctorCommand(options, world));
    });
  root
    .command('readiness')
    .description('list whom an MFA requirement would stop today although a method is listed')
    .option('--group <id>', 'the object id of a group: only its members, also through other groups')
    .option('--json', 'print JSON to standard output')
    .option('--csv', 'print CSV to standard output')
    .addHelpText(
      'after',
      `
Ask before you switch a policy on. It puts the open findings of mfa-registration-unfinished beside the methods that
Microsoft Entra lists for each person, and says what it could not read.

Exit code: 0 everything could be read, 1 something could not (the list is what is known), 2 wrong usage.
${SETTINGS_HELP}`,
    )
    .action(async (options: ReadinessOptions) => {
      const { readinessCommand } = await import('./commands/readiness');
      setExit(await readinessCommand(options, world));
    });
  root
    .command('status')
    .description('say whether the watch is on, what is wrong, and which alerts nobody was told of')
    .option('--json', 'print JSON to standard output')
    .addHelpText(
      'after',
      `
What it says of settings is about this terminal. Exit code: 0 nothing is wrong, 1 something is, 2 wrong usage.
${SETTINGS_HELP}`,
    )
    .action(async (options: { json?: boolean }) => {
      const { statusCommand } = await import('./commands/status');
      setExit(await statusCommand(options, world));
    });
  root
    .command('resend')
    .description('queue an alert for delivery again that was given up or had no channel')
    .argument('<id>', 'the id of the alert, as "crosscheck status" lists it')
    .option('--json', 'print JSON to standard output')
    .addHelpText('after', SETTINGS_HELP)
    .action(async (id: string, options: { json?: boolean }) => {
      const { resendCommand } = await import('./commands/resend');
      setExit(await resendCommand(id, options, world));
    });
  recordCommands(root, world, setExit, SETTINGS_HELP);
  withFilters(root.command('export').description('write all findings of a filter, with a manifest'))
    .requiredOption('--format <format>', 'csv, ndjson or ocsf')
    .option('--out <file>', 'write to this file, and the manifest to <file>.manifest.json')
    .addHelpText('after', SETTINGS_HELP)
    .action(async (options: ExportOptions) => {
      const { exportCommand } = await import('./commands/export');
      setExit(await exportCommand(options, world));
    });
  for (const [name, action, description] of DECISIONS) {
    const command = root
      .command(name)
      .description(description)
      .argument('<id>', 'the id of the finding')
      .option('--note <text>', 'why, in your own words; kept in the history')
      .option('--json', 'print JSON to standard output');
    if (action === 'resolve') {
      command.requiredOption('--reason <reason>', 'fixed, accepted or false-positive');
    }
    command
      .addHelpText('after', SETTINGS_HELP)
      .action(async (id: string, options: DecideOptions) => {
        const { decideCommand } = await import('./commands/decide');
        setExit(await decideCommand(action, id, options, world));
      });
  }
  return root;
}

const DECISIONS = [
  ['ack', 'acknowledge', 'acknowledge a finding: somebody looks after it'],
  ['resolve', 'resolve', 'close a finding, with the reason'],
  ['reopen', 'reopen', 'take a decision of a person back'],
] as const;

const SETTINGS_HELP = `
Reads its settings from the environment, like the functions do: TENANT_ID, GRAPH_AUTH=azure-cli,
TABLES_CONNECTION or TABLES_ENDPOINT, and the others of docs/configuration.md. Without any of these it
looks at the monitor that "npm start" runs in this folder.`;

async function run(): Promise<number> {
  let code: number = EXIT.done;
  try {
    await program((exit) => (code = exit)).parseAsync();
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    }
    const isOurs = error instanceof CrosscheckError;
    const text = isOurs ? error.message : `a fault of Crosscheck: ${inspect(error)}`;
    terminal.err(`crosscheck: ${redact(text).split('\n').map(printable).join('\n')}\n`);
    return isOurs ? error.exitCode : EXIT.failed;
  }
}

// A reader that stops early (head, less) or a terminal that was closed is no fault of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') {
      throw error;
    }
    process.exitCode = EXIT.done;
  });
}

void run().then((code) => {
  process.exitCode = code;
});
