import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv, CommandOptions, CommandPort, CommandResult } from '../../engine/ports/command.ts';

/**
 * Runs a command that is expected to exit with 0.
 * @throws WfError E_HOST_COMMAND with what the command said when it did not; E_PERMISSION when the kernel refused it;
 * E_STEP_STOPPED when the signal ended it; and what the port itself throws.
 */
export async function runChecked(command: CommandPort, argv: Argv, options: CommandOptions): Promise<CommandResult> {
  return requireSuccess(await command.run(argv, options), options.timeoutMs);
}

/** The same for a command that has run already. `timeoutMs` is what it was given, for the message. */
export function requireSuccess(result: CommandResult, timeoutMs: number): CommandResult {
  const { end } = result;
  if (end.type === 'exited' && end.exitCode === 0) return result;
  const typed = commandLine(result.argv);
  const said = (result.stderr.trim() || result.stdout.trim()).slice(0, 500);
  switch (end.type) {
    case 'aborted':
      throw new WfError('E_STEP_STOPPED', `\`${typed}\` was stopped`, {
        hint: 'The run was stopped. Undo what it did with `wf rollback RUN`.',
      });
    case 'timed-out':
      throw new WfError('E_HOST_COMMAND', `\`${typed}\` did not end within ${timeoutMs} ms`, {
        hint: 'Try the same command by hand; the machine may be overloaded.',
        transient: true,
      });
    case 'killed':
      throw new WfError('E_HOST_COMMAND', `\`${typed}\` was killed by ${end.signal}`, {
        hint: 'Look in the kernel log who killed it (`dmesg`).',
      });
    case 'exited':
      if (/Operation not permitted|Permission denied/.test(said)) {
        throw new WfError('E_PERMISSION', `\`${typed}\` is not permitted: ${said}`, {
          hint: 'Run wf as root (`sudo wf ...`).',
        });
      }
      throw new WfError('E_HOST_COMMAND', `\`${typed}\` failed with exit code ${end.exitCode}: ${said}`, {
        hint: 'Try the same command by hand and look at what it says.',
        details: { argv: result.argv, exitCode: end.exitCode },
      });
  }
}
