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
  /** The prefix of the process that carries it out; each prefix has its own process. */
  readonly through?: readonly string[] | undefined;
}

const endSchema = z.object({ exitCode: z.number(), stdout: z.string(), stderr: z.string() });

interface SharedProcess {
  readonly through: readonly string[];
  child: ChildProcess | undefined;
  previous: Promise<unknown>;
  isBusy: boolean;
}

const processes = new Map<string, SharedProcess>();
// A failed test may have left a command that does not end.
atEndOfFile(async () => {
  for (const { isBusy, child } of processes.values()) if (isBusy) child?.kill('SIGKILL');
});

/**
 * Carries out a command line from the sources of wf, in one process for all test files of this process: the start of a process costs more
 * than most commands. For many commands in tests that are not about processes.
 */
export function runSharedWf({ through = [], ...line }: CommandLine): Promise<WfEnd> {
  const key = through.join(' ');
  const shared = processes.get(key) ?? { through, child: undefined, previous: Promise.resolve(), isBusy: false };
  processes.set(key, shared);
  const end = shared.previous.then(() => carryOut(shared, line));
  shared.previous = end.catch(() => {});
  return end;
}

async function carryOut(shared: SharedProcess, line: Omit<CommandLine, 'through'>): Promise<WfEnd> {
  shared.child ??= startProcess(shared.through);
  shared.isBusy = true;
  const answered = new AbortController();
  const answer = once(shared.child, 'message');
  const gone = once(shared.child, 'exit', answered).then(([code, signal]) => {
    shared.child = undefined;
    shared.isBusy = false;
    throw new Error(`the shared process of wf has ended (${code ?? signal})`);
  });
  shared.child.send(line);
  const [message] = await Promise.race([answer, gone]);
  answered.abort();
  shared.isBusy = false;
  const { exitCode, stdout, stderr } = endSchema.parse(message);
  return { exitCode, signal: undefined, stdout, stderr, json: () => JSON.parse(stdout) };
}

/** The process ends with this one, which does not wait for it. */
function startProcess(through: readonly string[]): ChildProcess {
  const [execPath = process.execPath, ...execArgv] = [...through, process.execPath];
  const started = fork(testProgram('cli/shared-wf'), {
    // Not in the folder of a test file, which is removed at its end.
    cwd: '/',
    env: {},
    execPath,
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  started.unref();
  started.channel?.unref();
  return started;
}
