import { type Command, Option } from 'commander';
import type { ActionFactory } from './action-factory.ts';
import { addSecretOptions, RUN_ARGUMENT, RUN_TO_READ, WORKFLOW_FILE, wholeNumber } from './arguments.ts';

/** Adds the commands that send a request to a run, whichever process advances it. */
export function controlling(program: Command, action: ActionFactory): void {
  asking(program.command('send').summary('send a run an event, such as an approval'))
    .argument('<event>', 'type of the event; `wf show` lists those that the run expects')
    .option('--data <json>', 'data of the event, as a JSON object')
    .option('--data-file <file>', 'JSON file with the data of the event, instead of --data')
    .action(action(['run', 'event'], async () => (await import('../commands/controlling/send.ts')).send));
  asking(
    program
      .command('pause')
      .summary('pause a run after its running steps')
      .description('let the running steps of a run finish, then pause it'),
  ).action(action(['run'], async () => (await import('../commands/controlling/pause.ts')).pause));
  asking(
    program
      .command('cancel')
      .summary('end a run, undo its changes, verify the host')
      .description('end a run, undo its changes, and verify the host'),
  )
    .option('--keep', 'leave its changes in place')
    .action(action(['run'], async () => (await import('../commands/controlling/cancel.ts')).cancel));
  asking(program.command('confirm').summary('keep the changes of an unconfirmed run'))
    .option('--extend <duration>', 'move its deadline to this time from now instead')
    .action(action(['run'], async () => (await import('../commands/controlling/confirm.ts')).confirm));
  asking(
    program
      .command('retry')
      .summary('retry a failed or rolled-back run')
      .description('continue a failed run from its failed steps, or start a rolled-back one anew'),
  )
    .option('--dry-run', 'show what would happen to each step and why, without doing it')
    .option('--accept-changes', 'continue although the workflow has changed since the run started')
    .action(action(['run'], async () => (await import('../commands/controlling/retry.ts')).retry));
  asking(
    program
      .command('settle')
      .summary('settle a change that wf could not undo')
      .description('record that a change which wf could not undo is gone, or is kept'),
  )
    .argument('<change>', 'number of the change, as `wf changes` lists it', wholeNumber)
    .addOption(new Option('--as <status>', 'what has become of it').choices(['gone', 'kept']).makeOptionMandatory())
    .requiredOption('--reason <text>', 'why, for the record of the run')
    .action(action(['run', 'change'], async () => (await import('../commands/controlling/settle.ts')).settle));
  program
    .command('wait')
    .summary('wait until a run rests')
    .description('wait until a run rests, and return the exit code that wf start would return')
    .argument('[run]', RUN_TO_READ)
    .option('--timeout <duration>', 'stop waiting after this time, with exit code 4')
    .action(action(['run'], async () => (await import('../commands/controlling/wait.ts')).wait));
  program
    .command('guard')
    .summary('undo a run that nobody confirms in time')
    .description('undo a run that nobody confirms in time; wf starts this command itself')
    .argument('<run>', RUN_ARGUMENT)
    .option('--workflow <file>', WORKFLOW_FILE)
    .action(action(['run'], async () => (await import('../commands/controlling/guard.ts')).guard));
}

/** Adds the argument and the options that all of these commands share. */
function asking(command: Command): Command {
  const named = command
    .argument('<run>', RUN_ARGUMENT)
    .option('--comment <text>', 'a comment for the record of the run');
  return addSecretOptions(named).option('--workflow <file>', WORKFLOW_FILE);
}
