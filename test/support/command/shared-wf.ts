import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { atEndOfFile } from '../host/file-folder.ts';
import { testProgram } from '../programs/test-program.ts';
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
let isBusy = false;
// A failed test may have left a command that does not end.
atEndOfFile(async () => {
  if (isBusy) program?.kill('SIGKILL');
});

/**
 * Carries out a command line from the sources of wf, in one process for all test files of this process: the start of a process costs more
 * than most commands. For many commands in tests that are not about processes.
 */
export function runSharedWf(line: CommandLine): Promise<WfEnd> {
  const end = previous.then(() => carryOut(line));
  previous = end.catch(() => {});
  return end;
}

async function carryOut(line: CommandLine): Promise<WfEnd> {
  program ??= startProgram();
  isBusy = true;
  const answered = new AbortController();
  const answer = once(program, 'message');
  const gone = once(program, 'exit', answered).then(([code, signal]) => {
    program = undefined;
    isBusy = false;
    throw new Error(`the shared process of wf has ended (${code ?? signal})`);
  });
  program.send(line);
  const [message] = await Promise.race([answer, gone]);
  answered.abort();
  isBusy = false;
  const { exitCode, stdout, stderr } = endSchema.parse(message);
  return { exitCode, signal: undefined, stdout, stderr, json: () => JSON.parse(stdout) };
}

/** The process ends with this one, which does not wait for it. */
function startProgram(): ChildProcess {
  const started = fork(testProgram('cli/shared-wf'), {
    // Not in the folder of a test file, which is removed at its end.
    cwd: '/',
    env: {},
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  started.unref();
  started.channel?.unref();
  return started;
}
