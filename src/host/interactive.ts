import { spawn } from 'node:child_process';
import type { Argv } from '../engine/ports/command.ts';
import { explainStartFailure } from './command-failure.ts';

/**
 * Lets a person work in a program on this terminal until it ends. Signals of the terminal are the program's.
 * @throws WfError E_TOOL_MISSING, E_PERMISSION where it could not be started
 */
export async function runInteractive([program, ...args]: Argv, env: NodeJS.ProcessEnv): Promise<void> {
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(program, args, { stdio: 'inherit', env });
      child.once('error', (error: NodeJS.ErrnoException) => {
        const { code, message } = error;
        reject(
          explainStartFailure([program, ...args], [program, ...args], undefined, { code, originalMessage: message }),
        );
      });
      child.once('exit', () => resolve());
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}
