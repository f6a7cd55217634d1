import type { Command } from 'commander';
import type { Does } from './does.ts';

/** What there is to start, to build workflows with, and what this machine can do. */
export function building(program: Command, does: Does): void {
  program
    .command('workflows')
    .summary('what there is to start')
    .action(does([], async () => (await import('../commands/workflows.ts')).workflows));
  program
    .command('steps')
    .summary('what there is to build workflows with')
    .argument('[kind]', 'a step runner, whose inputs and outputs are then shown')
    .action(does(['kind'], async () => (await import('../commands/steps.ts')).steps));
  program
    .command('doctor')
    .summary('what works on this machine, what does not, and what to do about it')
    .action(does([], async () => (await import('../commands/doctor.ts')).doctor));
}
