import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { atEndOfFile } from './file-folder.ts';
import { testProgram } from './test-program.ts';
import type { WfEnd } from './wf-process.ts';

/** A command line of wf, with its whole environment. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const endSchema = z.object({ exitCode: z.number(), stdout: z.string(), stderr: z.string() });

let program: ChildProcess | undefined;
let previous: Promise<unknown> = Promise.resolve();
atEndOfFile(async () => {
  if (program === undefined) return;
  program.disconnect();
  if (program.exitCode === null && program.signalCode === null) await once(program, 'exit');
  program = undefined;
});

/**
 * Carries out a command line from the sources of wf, in one process for all of the test file: the start of a process costs more than
 * most commands. For many commands in tests that are not about processes.
 */
export function runSharedWf(line: CommandLine): Promise<WfEnd> {
  const end = previous.then(() => carryOut(line));
  previous = end.catch(() => {});
  return end;
}

async function carryOut(line: CommandLine): Promise<WfEnd> {
  program ??= fork(testProgram('cli/shared-wf'), {
    env: {},
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const answer = once(program, 'message');
  const gone = once(program, 'exit').then(([code, signal]) => {
    throw new Error(`the shared process of wf has ended (${code ?? signal})`);
  });
  program.send(line);
  const [message] = await Promise.race([answer, gone]);
  const { exitCode, stdout, stderr } = endSchema.parse(message);
  return { exitCode, signal: undefined, stdout, stderr, json: () => JSON.parse(stdout) };
}
