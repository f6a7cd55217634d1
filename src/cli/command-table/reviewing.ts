import type { Command } from 'commander';
import { RUN_ARGUMENT, wholeNumber } from './arguments.ts';
import type { Does } from './does.ts';

/** What tells of past and present runs. */
export function reviewing(program: Command, does: Does): void {
  program
    .command('runs')
    .summary('past and present runs, newest first')
    .option('--limit <number>', 'so many runs at most (default: 20)', wholeNumber)
    .option('--workflow <name>', 'runs of this workflow only')
    .action(does([], async () => (await import('../commands/runs.ts')).runs));
  program
    .command('show')
    .summary('stages, steps, results, ledger and verification of a run')
    .argument('<run>', RUN_ARGUMENT)
    .action(does(['run'], async () => (await import('../commands/show.ts')).show));
  program
    .command('logs')
    .summary('the commands of a run and their output')
    .argument('<run>', RUN_ARGUMENT)
    .argument('[step]', 'a step of the run')
    .action(does(['run', 'step'], async () => (await import('../commands/logs.ts')).logs));
}
