import type { Command } from 'commander';
import { addDocumentOptions, RUN_ARGUMENT, wholeNumber } from './arguments.ts';
import type { Does } from './does.ts';

/** What keeps the history small, and hands runs on. */
export function keeping(program: Command, does: Does): void {
  program
    .command('prune')
    .summary('remove old runs from the history; never one that has not ended or left something on the host')
    .option('--older-than <time>', 'runs that ended longer ago than this: 90d, 12w, 36h')
    .option('--keep <number>', 'keep so many of the newest runs of each workflow, whatever their age', wholeNumber)
    .option('--dry-run', 'tell what would be removed, and remove nothing')
    .option(
      '--compact',
      'write the file anew without the room that is free in it; takes a while, and as much room again',
    )
    .action(does([], async () => (await import('../commands/prune.ts')).prune));
  const exporting = program
    .command('export')
    .summary('write a run with all that tells of it to one file, for another machine')
    .argument('<run>', RUN_ARGUMENT);
  addDocumentOptions(exporting).action(
    does(['run'], async () => (await import('../commands/export.ts')).exportCommand),
  );
  program
    .command('import')
    .summary('add a run that was exported on another machine, to be looked at')
    .argument('<file>', 'what `wf export` wrote')
    .option('--id <id>', 'import it under this id; without it, the run keeps its own')
    .action(does(['file'], async () => (await import('../commands/import.ts')).importCommand));
}
