import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { Argv, CommandOptions, CommandPort, CommandResult } from '../../engine/ports/command.ts';

/**
 * Runs a command that must exit with 0.
 * @throws WfError E_HOST_COMMAND with the message of the command if it fails; E_PERMISSION if the kernel refuses it; E_STEP_STOPPED if
 * the signal ends it; and the errors of the port.
 */
export async function runChecked(command: CommandPort, argv: Argv, options: CommandOptions): Promise<CommandResult> {
  return requireSuccess(await command.run(argv, options), options.timeoutMs);
}

/** Checks a command that has run. `timeoutMs` is its time-out, for the message. */
export function requireSuccess(result: CommandResult, timeoutMs: number): CommandResult {
  const { end } = result;
  if (end.type === 'exited' && end.exitCode === 0) return result;
  const typed = commandLine(result.argv);
  const message = (result.stderr.trim() || result.stdout.trim()).slice(0, 500);
  switch (end.type) {
    case 'aborted':
      throw new WfError('E_STEP_STOPPED', `\`${typed}\` was stopped`, {
        hint: 'The run was stopped. Undo what it did with `wf rollback RUN`.',
      });
    case 'timed-out':
      throw new WfError('E_HOST_COMMAND', `\`${typed}\` timed out after ${limitText(timeoutMs)}`, {
        hint: 'Run the command by hand: the machine may be overloaded.',
        transient: true,
      });
    case 'killed':
      throw new WfError('E_HOST_COMMAND', `\`${typed}\` was killed by ${end.signal}`, {
        hint: 'Find out with `dmesg` what killed it.',
      });
    case 'exited':
      if (/Operation not permitted|Permission denied/.test(message)) {
        throw new WfError('E_PERMISSION', `\`${typed}\` is not permitted: ${message}`, {
          hint: 'Run wf as root (`sudo wf ...`).',
        });
      }
      throw new WfError('E_HOST_COMMAND', `\`${typed}\` failed with exit code ${end.exitCode}: ${message}`, {
        hint: 'Run the command by hand and read its output.',
        details: { argv: result.argv, exitCode: end.exitCode },
      });
  }
}
