import { WfError } from '../../../engine/model/errors.ts';
import { limitText } from '../../../engine/model/time-limit.ts';
import { runProgram } from './run-program.ts';

const LIMIT_MS = 20_000;

/**
 * Runs several `ip` commands in one process, up to the first that fails.
 * @param doing the purpose, such as `create network devops`
 * @throws WfError E_DOCKER
 */
export async function ipBatch(commands: readonly string[], doing: string): Promise<void> {
  const { exitCode, output, timedOut } = await runProgram(['ip', '-batch', '-'], {
    stdin: commands.map((command) => `${command}\n`).join(''),
    timeoutMs: LIMIT_MS,
  });
  if (exitCode === 0) return;
  if (timedOut) {
    throw new WfError('E_DOCKER', `cannot ${doing}: \`ip\` timed out after ${limitText(LIMIT_MS)}`, {
      hint: 'Run `ip link` by hand, and try again when it answers.',
    });
  }
  const line = /Command failed -:(\d+)/.exec(output)?.[1];
  const command = commands[Number(line ?? '1') - 1] ?? commands[0];
  const error = output.replace(/^Command failed.*$/gm, '').trim();
  throw new WfError('E_DOCKER', `cannot ${doing}: \`ip ${command}\`: ${error || `exit code ${exitCode}`}`, {
    hint: 'Load missing kernel modules with `modprobe bridge veth`, and check the machine with `wf doctor`.',
  });
}

/** Like ipBatch, for objects that may be gone: executes as many commands as possible. */
export async function ipBatchForced(commands: readonly string[]): Promise<void> {
  await runProgram(['ip', '-force', '-batch', '-'], {
    stdin: commands.map((command) => `${command}\n`).join(''),
    timeoutMs: LIMIT_MS,
  });
}
