import { existsSync } from 'node:fs';
import { limitReached, WfError } from '../../engine/model/errors.ts';
import type { Argv, CommandResult } from '../../engine/ports/command.ts';
import { isNotInstalled } from './find-tool.ts';
import type { StartFailure } from './start-command.ts';
import { howToInstall } from './tool-package.ts';

const AS_ROOT = 'Run wf as root (`sudo wf ...`).';

/** Explains why a process could not be started, from the failure of one that never had a pid. */
export function explainStartFailure(argv: Argv, line: Argv, cwd: string | undefined, failure: StartFailure): WfError {
  const [program] = line;
  switch (failure.code) {
    case 'ENOENT':
      // The kernel reports the same error for a missing working directory.
      if (cwd !== undefined && !existsSync(cwd)) {
        return new WfError('E_HOST_COMMAND', `${argv[0]} cannot be started: the directory ${cwd} does not exist`, {
          hint: 'Create the directory, or set another one.',
        });
      }
      return toolMissing(program);
    case 'EACCES':
      if (isNotInstalled(program)) return toolMissing(program);
      return new WfError('E_PERMISSION', `${program} may not be run`, { hint: AS_ROOT });
    case 'EPERM':
      return new WfError('E_PERMISSION', `${program} may not be run`, { hint: AS_ROOT });
    default: {
      const why = `${argv[0]} cannot be started: ${failure.originalMessage ?? failure.code ?? 'no reason given'}`;
      return (
        limitReached(why) ??
        new WfError('E_HOST_COMMAND', why, { hint: 'Run the command by hand and read the error of the system.' })
      );
    }
  }
}

/** Returns why nsenter did not run the program; undefined if it did. In the C locale, its messages are fixed. */
export function nsenterRefusal(argv: Argv, result: CommandResult, namespace: string): WfError | undefined {
  if (result.end.type !== 'exited' || result.end.exitCode === 0 || !result.stderr.startsWith('nsenter: '))
    return undefined;
  const complaint = result.stderr.trimEnd();
  if (/^nsenter: failed to execute .*: No such file or directory$/.test(complaint)) return toolMissing(argv[0]);
  if (/^nsenter: failed to execute .*: Permission denied$/.test(complaint)) {
    if (isNotInstalled(argv[0])) return toolMissing(argv[0]);
    return new WfError('E_PERMISSION', `${argv[0]} may not be run`, { hint: AS_ROOT });
  }
  if (/: (Operation not permitted|Permission denied)$/.test(complaint)) {
    return new WfError('E_PERMISSION', `the network namespace ${namespace} may not be entered`, {
      hint: AS_ROOT,
      details: { complaint },
    });
  }
  if (!complaint.includes('failed')) return undefined;
  return new WfError('E_HOST_COMMAND', `cannot enter the network namespace ${namespace}: ${complaint}`, {
    hint: 'Try it by hand with `nsenter --net=PATH ip link`.',
  });
}

function toolMissing(program: string): WfError {
  return new WfError('E_TOOL_MISSING', `the program ${program} is not installed on this machine`, {
    hint: howToInstall(program),
    details: { program },
  });
}
