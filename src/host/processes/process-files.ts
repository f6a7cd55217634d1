import { readFileSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../machine/errno.ts';

/**
 * A file of /proc/PID, or undefined where the process is gone or may not be looked into.
 * @throws WfError E_HOST_STATE_UNKNOWN where it cannot be read for another reason: that is not "gone"
 */
export function processFile(pid: number, file: 'environ' | 'cmdline' | 'status'): Buffer | undefined {
  const path = `/proc/${pid}/${file}`;
  try {
    return readFileSync(path);
  } catch (thrown) {
    switch (errnoOf(thrown)) {
      case 'ENOENT':
      case 'ESRCH':
      case 'EACCES':
      case 'EPERM':
        return undefined;
      default:
        throw new WfError('E_HOST_STATE_UNKNOWN', `${path} cannot be read, so that nobody knows whose process it is`, {
          hint: 'wf needs the proc filesystem of a Linux machine mounted on /proc.',
          cause: thrown,
        });
    }
  }
}

/** A command line is told up to here. */
const COMMAND_LENGTH = 200;

/** The command line of a process, for a person; empty where it cannot be told. Throws as processFile does. */
export function commandOf(pid: number): string {
  return processFile(pid, 'cmdline')?.toString().replaceAll('\0', ' ').trim().slice(0, COMMAND_LENGTH) ?? '';
}

/** The value of a variable in what /proc/PID/environ holds; undefined where it is not there. */
export function variableIn(environment: Buffer, name: string): string | undefined {
  const prefix = `${name}=`;
  const variables = environment.toString().split('\0');
  return variables.find((variable) => variable.startsWith(prefix))?.slice(prefix.length);
}
