import { type Command, Option } from 'commander';
import type { ActionFactory } from './action-factory.ts';
import {
  addSecretOptions,
  collect,
  NO_NOTIFY,
  NOTIFY,
  PAUSE_AFTER,
  PLAN_ARGUMENT,
  RUN_ARGUMENT,
  SECRET_AGAIN,
  WORKFLOW_FILE,
} from './arguments.ts';

/** Adds the commands that start, resume and undo runs. */
export function running(program: Command, action: ActionFactory): void {
  program
    .command('start')
    .summary('start a run and follow it to its end')
    .description('start a run of a workflow and follow it to its end')
    .argument('<workflow>', 'name or file of the workflow; `wf workflows` lists the names')
    .option('--input <name=value>', 'an input of the run; repeatable; secrets as @env:VARIABLE or @file:PATH', collect)
    .option('--input-file <file>', 'JSON file with inputs, - is standard input; --input takes precedence')
    .addOption(runtimeOption())
    .option('--pause-after <stage>', PAUSE_AFTER)
    .addOption(onFailureOption())
    .option('--id <id>', 'id of the run; @slot in it stands for the current minute (default: a random id)')
    .option('--definition <hash>', 'start only if the workflow has this definition: the `definitionHash` of a run')
    .addOption(resumeOption())
    .addOption(ifRunningOption())
    .option('--confirm-within <duration>', 'undo the changes unless `wf confirm` confirms the run within this time')
    .option('--apply-within <duration>', 'undo the changes unless all steps end within this time (default: 10m)')
    .addOption(new Option('--confirm-by <whom>', 'who must confirm the run').choices(['new-session']))
    .option('--confirm-if <step>', 'a step that only reads, which must succeed again before the run is confirmed')
    .option('--no-guard', 'start without the guard that undoes the changes if this process is gone')
    .option('--notify <argv>', NOTIFY)
    .option('--no-notify', NO_NOTIFY)
    .option('--dry-run', 'show what would be done, without doing it')
    .addOption(planOption())
    .option('--detach', 'print the id once the run has started; it continues without this terminal')
    .addOption(onHangupOption())
    .action(action(['workflow'], async () => (await import('../commands/running/start.ts')).start));
  program
    .command('apply')
    .summary('start exactly what was planned, or refuse')
    .description('start exactly what was planned, or refuse and name each difference')
    .argument('<plan>', PLAN_ARGUMENT)
    .option('--input <name=value>', SECRET_AGAIN, collect)
    .option('--detach', 'print the id once the run has started; it continues without this terminal')
    .addOption(onHangupOption())
    .action(action(['plan'], async () => (await import('../commands/running/apply.ts')).apply));
  addSecretOptions(
    program
      .command('resume')
      .summary('resume an interrupted, paused or waiting run')
      .argument('[run]', `${RUN_ARGUMENT}; optional if only one run can be resumed`)
      .option('--all', 'resume each run that no process advances, in turn')
      .option('--dry-run', 'show what would happen to each step and why, without doing it'),
  )
    .option('--workflow <file>', WORKFLOW_FILE)
    .option('--accept-changes', 'resume although the workflow has changed since the run started')
    .option('--pause-after <stage>', PAUSE_AFTER)
    .action(action(['run'], async () => (await import('../commands/running/resume.ts')).resume));
  addSecretOptions(
    program
      .command('rollback')
      .summary('undo the remaining changes of a run')
      .description('undo all changes of a run that are still in place')
      .argument('<run>', RUN_ARGUMENT),
  )
    .option('--workflow <file>', WORKFLOW_FILE)
    .option('--remove-images', 'also remove the images that the run pulled')
    .action(action(['run'], async () => (await import('../commands/running/rollback.ts')).rollback));
  program
    .command('shell')
    .summary('open a shell on a host or container of a run')
    .description('open a shell on a host of a run, or in one of its containers')
    .argument('<run>', RUN_ARGUMENT)
    .argument('[place]', 'name of a container, or of a named host of the run (default: the host of the run)')
    .argument('[container]', 'name of a container on that host')
    .action(action(['run', 'place', 'container'], async () => (await import('../commands/running/shell.ts')).shell));
  program
    .command('changes')
    .summary('list changes in place, and how to undo them')
    .description('list changes of wf that are still in place on this host, and how to undo them')
    .argument('[run]', RUN_ARGUMENT)
    .action(action(['run'], async () => (await import('../commands/running/changes.ts')).changes));
  program
    .command('sweep')
    .summary('list or remove objects without a record')
    .description('show objects that runs of wf left on this host without a record, and remove them with --yes')
    .option('--yes', 'remove them')
    .action(action([], async () => (await import('../commands/running/sweep.ts')).sweep));
}

function planOption(): Option {
  return new Option('--plan', 'save what would be done as a plan, without doing it; `wf apply` starts it').conflicts([
    'dryRun',
    'detach',
    'ifRunning',
  ]);
}

function runtimeOption(): Option {
  return new Option('--runtime <runtime>', 'what provides networks and containers (default: auto)').choices([
    'auto',
    'docker',
    'embedded',
  ]);
}

function onHangupOption(): Option {
  return new Option(
    '--on-hangup <what>',
    'what to do with the run when its terminal is gone (default: continue)',
  ).choices(['continue', 'interrupt']);
}

function resumeOption(): Option {
  return new Option(
    '--resume <how>',
    'who resumes the run if its process ends early: auto lets `wf agent` (default: manual)',
  ).choices(['auto', 'manual']);
}

function ifRunningOption(): Option {
  return new Option(
    '--if-running <what>',
    'what to do while another run of the workflow has not ended (default: start)',
  ).choices(['skip', 'wait']);
}

function onFailureOption(): Option {
  return new Option(
    '--on-failure <what>',
    'what to do with the changes of a run that fails (default: rollback)',
  ).choices(['rollback', 'keep']);
}
