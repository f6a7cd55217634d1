import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import process from 'node:process';
import type { Argv } from '../../engine/ports/command.ts';

/** Number of characters of the output that are returned. */
const LOG_LIMIT = 500;

interface ProgramOptions {
  readonly cwd: string;
  /** The complete environment. */
  readonly env: NodeJS.ProcessEnv;
  /** File that receives the output. */
  readonly log: string;
}

/** A program that runs in the background. */
export interface StartedProgram {
  /** Resolves to the last part of its output once it has ended or failed to start. */
  readonly end: Promise<string>;
  kill(): void;
}

/** Starts a long-running program. */
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

/** Returns the environment variables of this process with these names, if they are set. */
export function ownVariables(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
