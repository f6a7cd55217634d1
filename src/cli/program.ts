// Before any schema is made.
import './schemas-as-they-are.ts';
import { runProcess } from './process.ts';

/** What `wf` does where more than its version is asked for; the rest of wf is loaded as the command line needs it. */
export function runProgram(argv: readonly string[], version: string): Promise<void> {
  return runProcess(argv, async (options) => (await import('./wire.ts')).openWire(options), version);
}
