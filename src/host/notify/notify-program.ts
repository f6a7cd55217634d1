import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { requireTrusted } from '../../trust/trusted-path.ts';
import { findTool, isExecutableFile } from '../commands/find-tool.ts';

/**
 * Returns a notification command with the absolute path of its program: another process, with another folder and PATH, may run it.
 * @throws WfError E_TOOL_MISSING; E_UNTRUSTED if another user could have written the program
 */
export function locateNotifyProgram([program, ...args]: Argv): Argv {
  const found = program.includes('/') ? program : findTool(program);
  if (found === undefined || !isExecutableFile(found)) throw missing(program);
  const file = path.resolve(found);
  requireTrusted(file, 'the program to notify');
  return [file, ...args];
}

function missing(program: string): WfError {
  const where = program.includes('/') ? 'is no executable file' : 'is not installed on this machine';
  return new WfError('E_TOOL_MISSING', `the program to notify ${program} ${where}`, {
    hint: 'Give --notify the path of an executable file or the name of a program in PATH, or leave the command out with --no-notify.',
    details: { program },
  });
}
