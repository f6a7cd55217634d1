import { readFileSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../machine/errno.ts';

/**
 * Reads a file of /proc/PID; undefined if the process is gone or may not be inspected.
 * @throws WfError E_HOST_STATE_UNKNOWN if reading fails for another reason: that is not "gone"
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
        throw new WfError('E_HOST_STATE_UNKNOWN', `${path}: cannot read, so the owner of the process is unknown`, {
          hint: 'Mount the proc filesystem of a Linux machine on /proc.',
          cause: thrown,
        });
    }
  }
}

/** Longest command line in a message. */
const COMMAND_LENGTH = 200;

/** Returns the command line of a process for messages; empty if unknown. Throws like processFile. */
export function commandOf(pid: number): string {
  return processFile(pid, 'cmdline')?.toString().replaceAll('\0', ' ').trim().slice(0, COMMAND_LENGTH) ?? '';
}

/** Returns the value of a variable in the content of /proc/PID/environ, or undefined. */
export function variableIn(environment: Buffer, name: string): string | undefined {
  const prefix = `${name}=`;
  const variables = environment.toString().split('\0');
  return variables.find((variable) => variable.startsWith(prefix))?.slice(prefix.length);
}
