import { type Command, Option } from 'commander';
import { collect, PAUSE_AFTER, RUN_ARGUMENT, SECRET_AGAIN, WORKFLOW_FILE } from './arguments.ts';
import type { Does } from './does.ts';

/** What makes, goes on with and undoes runs. */
export function running(program: Command, does: Does): void {
  program
    .command('start')
    .summary('start a run of a workflow and follow it to its end')
    .argument('<workflow>', 'name or file of the workflow; `wf workflows` lists the names')
    .option('--input <name=value>', 'an input of the run; repeatable; secrets as @env:VARIABLE or @file:PATH', collect)
    .option('--input-file <file>', 'a JSON file with inputs; --input beats it')
    .addOption(runtimeOption())
    .option('--pause-after <stage>', PAUSE_AFTER)
    .addOption(onFailureOption())
    .option('--id <id>', 'the id of the run; chosen by wf where it is not given')
    .option('--dry-run', 'show what would be done, and touch nothing')
    .action(does(['workflow'], async () => (await import('../commands/start.ts')).start));
  program
    .command('resume')
    .summary('resume an interrupted, paused or waiting run')
    .argument('[run]', `${RUN_ARGUMENT}; may be left out where only one can be meant`)
    .option('--all', 'each run that nobody advances, in turn')
    .option('--dry-run', 'show what would become of each step and why, and touch nothing')
    .option('--input <name=value>', SECRET_AGAIN, collect)
    .option('--workflow <file>', WORKFLOW_FILE)
    .option('--accept-changes', 'go on although the workflow is not as it was when the run was started')
    .option('--pause-after <stage>', PAUSE_AFTER)
    .action(does(['run'], async () => (await import('../commands/resume.ts')).resume));
  program
    .command('rollback')
    .summary('undo all that a run did that still stands')
    .argument('<run>', RUN_ARGUMENT)
    .option('--input <name=value>', SECRET_AGAIN, collect)
    .option('--workflow <file>', WORKFLOW_FILE)
    .option('--remove-images', 'also remove the images that the run pulled, which are kept otherwise')
    .action(does(['run'], async () => (await import('../commands/rollback.ts')).rollback));
  program
    .command('shell')
    .summary('look around on the host of a run that rests, or in one of its containers')
    .argument('<run>', RUN_ARGUMENT)
    .argument('[container]', 'name of a container of the run; the host of the run where it is left out')
    .action(does(['run', 'container'], async () => (await import('../commands/shell.ts')).shell));
  program
    .command('changes')
    .summary('what may stand on this host because of wf, and how to undo it')
    .argument('[run]', RUN_ARGUMENT)
    .action(does(['run'], async () => (await import('../commands/changes.ts')).changes));
  program
    .command('sweep')
    .summary('show objects of wf on this host that belong to no run of the history, and remove them with --yes')
    .option('--yes', 'remove them')
    .action(does([], async () => (await import('../commands/sweep.ts')).sweep));
}

function runtimeOption(): Option {
  return new Option('--runtime <runtime>', 'what provides networks and containers').choices([
    'auto',
    'docker',
    'embedded',
  ]);
}

function onFailureOption(): Option {
  return new Option('--on-failure <what>', 'what becomes of the changes of a run that fails').choices([
    'rollback',
    'keep',
  ]);
}
