import { z } from 'zod';
import { runProcess } from './process.ts';

/** What `wf` does where more than its version is asked for; the rest of wf is loaded as the command line needs it. */
export function runProgram(argv: readonly string[], version: string): Promise<void> {
  // Before any schema is made. zod would compile a parser for each: that takes longer than one command gains by it (a tenth of the lab).
  z.config({ jitless: true });
  return runProcess(argv, async (options) => (await import('./wire.ts')).openWire(options), version);
}
