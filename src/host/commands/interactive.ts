import type { Argv } from '../../engine/ports/command.ts';
import { explainStartFailure } from './command-failure.ts';

/**
 * Runs an interactive program on this terminal until it ends. Signals of the terminal go to the program.
 * @throws WfError E_TOOL_MISSING, E_PERMISSION if it cannot be started
 */
export async function runInteractive(argv: Argv, env: NodeJS.ProcessEnv): Promise<void> {
  const { execa } = await import('execa');
  const [program, ...args] = argv;
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  try {
    const child = execa(program, args, { stdio: 'inherit', env, extendEnv: false, reject: false });
    const result = await child;
    if (child.pid === undefined) throw explainStartFailure(argv, argv, undefined, result);
  } finally {
    process.off('SIGINT', ignore);
  }
}
