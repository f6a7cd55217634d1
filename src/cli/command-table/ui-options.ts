import type { Command } from 'commander';
import { collect, portNumber } from './arguments.ts';

/** Adds the options of the page, wherever it is served. */
export function addUiOptions(command: Command): Command {
  return command
    .option(
      '--port <number>',
      'listen on this port of 127.0.0.1; 0 for any free one (default: the last one used, or 4270)',
      portNumber,
    )
    .option('--socket <file>', 'listen on this Unix socket instead of a port')
    .option('--allow-actions', 'let people start, control and undo runs on the page')
    .option('--base-path <path>', 'serve everything below this path, as in /wf')
    .option('--origin <url>', 'the address under which a proxy serves the page')
    .option('--metrics-token <file>', 'serve /metrics to programs that send the token in this file')
    .option('--allow-user <name>', 'let processes of this user connect too; repeatable', collect);
}
