import type { Command } from 'commander';
import type { ActionFactory } from './action-factory.ts';
import { addDocumentOptions, RUN_TO_READ, wholeNumber } from './arguments.ts';

/** Adds the commands that prune, export and import the history. */
export function keeping(program: Command, action: ActionFactory): void {
  program
    .command('prune')
    .summary('list or remove old runs')
    .description('show old runs that can be removed from the history, and remove them with --yes')
    .option('--older-than <time>', 'select runs that ended longer ago than this: 90d, 12w, 36h')
    .option('--keep <number>', 'keep this many of the newest runs of each workflow, whatever their age', wholeNumber)
    .option('--yes', 'remove them')
    .option('--compact', 'rewrite the file without its free space; needs as much disk space again')
    .action(action([], async () => (await import('../commands/keeping/prune.ts')).prune));
  const exporting = program
    .command('export')
    .summary('write a run with its evidence to a file')
    .description('write a run with its journal and evidence to a file')
    .argument('[run]', RUN_TO_READ);
  addDocumentOptions(exporting).action(
    action(['run'], async () => (await import('../commands/keeping/export.ts')).exportCommand),
  );
  program
    .command('import')
    .summary('import a run from another machine')
    .description('import a run that was exported on another machine, to read it')
    .argument('<file>', 'file that `wf export` wrote')
    .option('--id <id>', 'import it under this id (default: its own)')
    .action(action(['file'], async () => (await import('../commands/keeping/import.ts')).importCommand));
}
