import { limitReached, WfError } from '../../../engine/model/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { runProgram } from '../shared/run-program.ts';

/** A mount takes milliseconds; the rest is for an overloaded machine. */
const LIMIT_MS = 20_000;

/** Mounts in the mount namespace of this process. @throws WfError E_RUNTIME_UNAVAILABLE */
export async function mount(args: readonly string[]): Promise<void> {
  // --no-mtab: otherwise the first mount records itself in /run/mount, a folder that it would create on the machine itself.
  await runTool(['mount', '--no-mtab', ...args]);
}

/** Runs a program that sets up a private host. @throws WfError E_RUNTIME_UNAVAILABLE if it fails */
export async function runTool(argv: Argv): Promise<void> {
  const { exitCode, output } = await runProgram(argv, { timeoutMs: LIMIT_MS }).catch((thrown: unknown) => {
    throw unavailable(`\`${argv.join(' ')}\` cannot be run: ${String(thrown)}`);
  });
  if (exitCode === 0) return;
  throw unavailable(`\`${argv.join(' ')}\` failed: ${output.trim() || `exit code ${exitCode}`}`);
}

function unavailable(why: string): WfError {
  const limit = limitReached(why);
  if (limit !== undefined) return limit;
  return new WfError('E_RUNTIME_UNAVAILABLE', `wf cannot create a private host on this machine: ${why}`, {
    hint: 'A container or a security module may forbid it. Run wf as root on the machine itself, or use Docker: `--runtime docker`.',
  });
}
