import { Argument, type Command } from 'commander';
import type { ActionFactory } from './action-factory.ts';

/** Adds the commands for authors of workflows. */
export function building(program: Command, action: ActionFactory): void {
  program
    .command('workflows')
    .summary('list workflows, or show one')
    .description('list workflows, or show the inputs and stages of one')
    .argument('[workflow]', 'name or file of a workflow')
    .action(action(['workflow'], async () => (await import('../commands/building/workflows.ts')).workflows));
  program
    .command('steps')
    .summary('list step runners, or show one')
    .description('list step runners of wf and of the project, or show one')
    .argument('[kind]', 'kind of a step runner')
    .action(action(['kind'], async () => (await import('../commands/building/steps.ts')).steps));
  program
    .command('new')
    .summary('write a new workflow or step runner')
    .description('write a starting point for a workflow or a step runner')
    .addArgument(new Argument('<what>', 'what to write').choices(['workflow', 'step']))
    .argument('<name>', 'name of the workflow, or kind of the step runner, such as site.lock')
    .option('--like <workflow>', 'copy this workflow of wf or of the project (default: a small one)')
    .action(action(['what', 'name'], async () => (await import('../commands/building/new.ts')).create));
  program
    .command('check')
    .summary('check workflows without running them')
    .description('check workflows for errors without running them')
    .argument('[workflow]', 'name or file of a workflow (default: all workflows of the project)')
    .action(action(['workflow'], async () => (await import('../commands/building/check.ts')).check));
}
