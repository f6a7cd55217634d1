import { runProcess } from './services/process.ts';

/** The program of the command `wf`, which main.ts loads. */
export async function runProgram(argv: readonly string[], version: string): Promise<void> {
  await runProcess(argv, async (options) => (await import('./services/wire.ts')).openWire(options), version);
}
