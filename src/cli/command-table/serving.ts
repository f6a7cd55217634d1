import type { Command } from 'commander';
import type { ActionFactory } from './action-factory.ts';

/** Adds the commands that serve runs to other programs. */
export function serving(program: Command, action: ActionFactory): void {
  program
    .command('mcp')
    .summary('serve runs and workflows to a client of the Model Context Protocol, on standard input and output')
    .option('--allow-actions', 'also let the client start, control, confirm and roll back runs')
    .action(action([], async () => (await import('../commands/serving/mcp.ts')).mcp));
}
