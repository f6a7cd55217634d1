import { Argument, type Command } from 'commander';
import type { Does } from './does.ts';

/** Adds the commands for who writes workflows. */
export function building(program: Command, does: Does): void {
  program
    .command('workflows')
    .summary('list workflows, or show the inputs and stages of one')
    .argument('[workflow]', 'name or file of a workflow')
    .action(does(['workflow'], async () => (await import('../commands/workflows.ts')).workflows));
  program
    .command('steps')
    .summary('list step runners, or show the inputs and outputs of one')
    .argument('[kind]', 'kind of a step runner')
    .action(does(['kind'], async () => (await import('../commands/steps.ts')).steps));
  program
    .command('new')
    .summary('write a starting point for a workflow or a step runner')
    .addArgument(new Argument('<what>', 'what to write').choices(['workflow', 'step']))
    .argument('<name>', 'name of the workflow, or kind of the step runner, such as site.lock')
    .action(does(['what', 'name'], async () => (await import('../commands/new.ts')).create));
  program
    .command('check')
    .summary('check workflows for errors without running them')
    .argument('[workflow]', 'name or file of a workflow (default: all workflows of the project)')
    .action(does(['workflow'], async () => (await import('../commands/check.ts')).check));
}
