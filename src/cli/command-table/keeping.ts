import type { Command } from 'commander';
import { addDocumentOptions, RUN_TO_READ, wholeNumber } from './arguments.ts';
import type { Does } from './does.ts';

/** What keeps the history small, and hands runs on. */
export function keeping(program: Command, does: Does): void {
  program
    .command('prune')
    .summary('show old runs that can be removed from the history, and remove them with --yes')
    .option('--older-than <time>', 'select runs that ended longer ago than this: 90d, 12w, 36h')
    .option('--keep <number>', 'keep this many of the newest runs of each workflow, whatever their age', wholeNumber)
    .option('--yes', 'remove them')
    .option('--compact', 'rewrite the file without its free space; needs as much disk space again')
    .action(does([], async () => (await import('../commands/prune.ts')).prune));
  const exporting = program
    .command('export')
    .summary('write a run with all that tells of it to one file, for another machine')
    .argument('[run]', RUN_TO_READ);
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
