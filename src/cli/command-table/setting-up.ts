import { Argument, type Command } from 'commander';
import { SHELLS } from '../completion/scripts.ts';
import type { ActionFactory } from './action-factory.ts';

/** Adds the commands that check and set up this machine. */
export function settingUp(program: Command, action: ActionFactory): void {
  program
    .command('doctor')
    .summary('check whether this machine can run workflows')
    .description('check whether this machine can run workflows, and print how to fix problems')
    .action(action([], async () => (await import('../commands/setting-up/doctor.ts')).doctor));
  program
    .command('completion')
    .summary('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(action(['shell'], async () => (await import('../commands/setting-up/completion.ts')).completion));
}
