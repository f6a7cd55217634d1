import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import process from 'node:process';
import type { Argv } from '../../engine/ports/command.ts';

/** Characters of the output of a program that has ended. */
const LOG_LIMIT = 500;

interface ProgramOptions {
  readonly cwd: string;
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** The file that gets its output. */
  readonly log: string;
}

/** A program that runs beside this process. */
export interface StartedProgram {
  /** Resolves to the end of its output once it has ended, or could not be started. */
  readonly end: Promise<string>;
  kill(): void;
}

/** Starts a program that does not end by itself. */
export function startProgram([program, ...args]: Argv, { cwd, env, log }: ProgramOptions): StartedProgram {
  const output = openSync(log, 'a', 0o600);
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', output, output] });
  closeSync(output);
  return {
    end: new Promise((resolve) => {
      child.once('error', ({ message }) => resolve(message));
      child.once('close', () => resolve(readFileSync(log, 'utf8').trim().slice(-LOG_LIMIT)));
    }),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Returns those variables of the environment of this process that exist. */
export function ownVariables(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
