import { runProcess } from './services/process.ts';

/** Runs the command `wf`; main.ts loads this program. */
export async function runProgram(argv: readonly string[], version: string): Promise<void> {
  await runProcess(
    argv,
    async (options) => (await import('./services/open-services.ts')).openServices(options),
    version,
  );
}
