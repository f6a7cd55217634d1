import type { Command } from 'commander';
import type { ActionFactory } from './action-factory.ts';
import { addUiOptions } from './ui-options.ts';

/** Adds the commands that serve runs to browsers and programs. */
export function serving(program: Command, action: ActionFactory): void {
  const page = program
    .command('ui')
    .summary('serve a local web page of all runs')
    .description('serve a local web page of all runs, until it is stopped');
  addUiOptions(page)
    .option('--fleet <url>', 'also show fleet runs as they are now: ingress of Restate (also: WF_FLEET)')
    .option('--open', 'open the page in the browser of this machine')
    .action(action([], async () => (await import('../commands/serving/ui.ts')).ui));
  program
    .command('mcp')
    .summary('serve runs to an assistant (MCP) on stdio')
    .description('serve runs and workflows to a client of the Model Context Protocol, on standard input and output')
    .option('--allow-actions', 'also let the client start, control, confirm and roll back runs')
    .action(action([], async () => (await import('../commands/serving/mcp.ts')).mcp));
}
