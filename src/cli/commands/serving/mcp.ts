import process from 'node:process';
import * as z from 'zod/mini';
import { version } from '../../../library/version.ts';
import { oneLine } from '../../../review/text/format/plain-text.ts';
import { defineCommand } from '../../define-command.ts';
import { standardOutput } from '../../output/standard-output.ts';
import { writeLines } from '../../output/terminal.ts';

const options = z.object({ allowActions: z._default(z.boolean(), false) });

/** Longest message about the input of a client, in characters. */
const LINE_LIMIT = 500;

/** `wf mcp`: serves one client of the Model Context Protocol on standard input and output, until it closes them. */
export const mcp = defineCommand(options, async ({ allowActions }, { places, clock }, terminal) => {
  const { serveMcp } = await import('../../../mcp/server.ts');
  const { database } = places;
  const report = (line: string) => writeLines(terminal.progress, [oneLine(line).slice(0, LINE_LIMIT)]);
  const streams = { input: process.stdin, output: standardOutput(1) };
  const server = await serveMcp({ database, version: version, allowActions, clock, ...streams, report });
  const unlisten = terminal.onStopSignal(server.stop);
  report(`serving ${database}${allowActions ? ', with actions' : ''}; ends when standard input is closed`);
  await server.ended;
  unlisten();
  return 0;
});
