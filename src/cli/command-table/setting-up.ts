import { Argument, type Command } from 'commander';
import { SHELLS } from '../completion/scripts.ts';
import type { Does } from './does.ts';

/** What this machine and its shells need. */
export function settingUp(program: Command, does: Does): void {
  program
    .command('doctor')
    .summary('what works on this machine, what does not, and what to do about it')
    .action(does([], async () => (await import('../commands/doctor.ts')).doctor));
  program
    .command('completion')
    .summary('print what makes a shell complete commands, options, workflows, runs and stages')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(does(['shell'], async () => (await import('../commands/completion.ts')).completion));
}
