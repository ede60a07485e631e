import type { Command } from 'commander';
import type { AcceptOptions, QuarantineOptions } from './quarantine';
import type { AddOptions, ListOptions, RemoveOptions } from './rules';
import type { VerifyOptions } from './verify';
import type { World } from '../stores';

/** The commands about the record itself: verify, quarantine, suppress and hold. The work is loaded when it is called for. */
export function recordCommands(
  root: Command,
  world: World,
  setExit: (code: number) => void,
  settingsHelp: string,
): void {
  root
    .command('verify')
    .description('look whether anybody has altered the record')
    .option('--from <time>', 'only what happened from then on; a day means its midnight UTC')
    .option('--to <time>', 'only what happened before')
    .option('--json', 'print JSON to standard output')
    .addHelpText(
      'after',
      `
Needs read access alone. Names every row that was changed, removed or inserted, the first one first, or says what it
could not see. What is covered and what is not: docs/integrity.md.

Exit code: 0 the record is what was written, 1 it is not or could not be looked at whole, 2 wrong usage.
${settingsHelp}`,
    )
    .action(async (options: VerifyOptions) => {
      const { verifyCommand } = await import('./verify');
      setExit(await verifyCommand(options, world));
    });
  const quarantine = root
    .command('quarantine')
    .description('list the rows of the logs that could not be read, and the gaps they leave')
    .option('--all', 'also those that leave no gap, and those whose gap is over')
    .option('--json', 'print JSON to standard output')
    .addHelpText(
      'after',
      `
Nothing is concluded over a gap until the row is read again. Exit code: 0 no gap stands, 1 some do, 2 wrong usage.
${settingsHelp}`,
    )
    .action(async (options: QuarantineOptions) => {
      const { quarantineCommand } = await import('./quarantine');
      setExit(await quarantineCommand(options, world));
    });
  quarantine
    .command('accept')
    .description('say that a row does not matter: its gap is over, and that stays on record')
    .argument('<id>', 'the id of the row, as the list shows it')
    .option('--reason <text>', 'why')
    .option('--json', 'print JSON to standard output')
    .addHelpText('after', settingsHelp)
    .action(async (id: string, _own: unknown, command: Command) => {
      const { acceptCommand } = await import('./quarantine');
      setExit(await acceptCommand(id, command.optsWithGlobals<AcceptOptions>(), world));
    });
  const suppress = root
    .command('suppress')
    .description(
      'rules by which nobody is alerted of something for a time; it is stored and shown',
    );
  const add = suppress
    .command('add')
    .description('make a rule')
    .option('--detector <id>', 'what this detector finds')
    .option('--subject <id>', 'what is found about this subject, by object id')
    .option('--fact <name=value...>', 'where this is so; all that are given must be')
    .option('--expires <when>', 'until when: a duration like 30d, or a time');
  ruleCommands(add, suppress, 'suppression', { world, setExit, settingsHelp });
  const hold = root
    .command('hold')
    .description('keep findings beyond RETENTION_DAYS, for as long as somebody needs them');
  const addHold = hold
    .command('add')
    .description('hold a finding, or all about a subject')
    .option('--finding <id>', 'this finding')
    .option('--subject <id>', 'all that is found about this subject, by object id');
  ruleCommands(addHold, hold, 'hold', { world, setExit, settingsHelp });
}

function ruleCommands(
  add: Command,
  parent: Command,
  kind: 'suppression' | 'hold',
  given: {
    readonly world: World;
    readonly setExit: (code: number) => void;
    readonly settingsHelp: string;
  },
): void {
  const { world, setExit, settingsHelp } = given;
  add
    .option('--owner <name>', 'who answers for it')
    .option('--reason <text>', 'why')
    .option('--json', 'print JSON to standard output')
    .addHelpText('after', settingsHelp)
    .action(async (options: AddOptions) => {
      const { addCommand } = await import('./rules');
      setExit(await addCommand(kind, options, world));
    });
  parent
    .command('list')
    .description('show what is in force')
    .option('--all', 'also what has ended: nothing is ever deleted')
    .option('--json', 'print JSON to standard output')
    .addHelpText('after', settingsHelp)
    .action(async (options: ListOptions) => {
      const { listCommand } = await import('./rules');
      setExit(await listCommand(kind, options, world));
    });
  parent
    .command('remove')
    .description('end it; it stays on record')
    .argument('<id>', 'its id')
    .option('--reason <text>', 'why')
    .option('--json', 'print JSON to standard output')
    .addHelpText('after', settingsHelp)
    .action(async (id: string, options: RemoveOptions) => {
      const { removeCommand } = await import('./rules');
      setExit(await removeCommand(kind, id, options, world));
    });
}
