import { Argument, type Command } from 'commander';
import type { Does } from './does.ts';

/** What there is to start and to build workflows with, and whether it is right. */
export function building(program: Command, does: Does): void {
  program
    .command('workflows')
    .summary('list workflows, or show the inputs and stages of one')
    .argument('[workflow]', 'name or file of a workflow')
    .action(does(['workflow'], async () => (await import('../commands/workflows.ts')).workflows));
  program
    .command('steps')
    .summary('what there is to build workflows with')
    .argument('[kind]', 'a step runner, whose inputs and outputs are then shown')
    .action(does(['kind'], async () => (await import('../commands/steps.ts')).steps));
  program
    .command('new')
    .summary('write a starting point for a workflow or a step runner')
    .addArgument(new Argument('<what>', 'what to write').choices(['workflow', 'step']))
    .argument('<name>', 'name of the workflow, or kind of the step runner, such as site.lock')
    .action(does(['what', 'name'], async () => (await import('../commands/new.ts')).create));
  program
    .command('check')
    .summary('what is wrong with a workflow, without running it')
    .argument('[workflow]', 'name or file; all workflows of the project where it is left out')
    .action(does(['workflow'], async () => (await import('../commands/check.ts')).check));
}
