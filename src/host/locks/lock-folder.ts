import os from 'node:os';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { privateFolder } from '../../trust/private-folder.ts';
import { ownUser } from '../../trust/users.ts';

/** A Unix socket's path has at most 107 bytes; its name takes 40. */
const LONGEST = 66;

let found: string | undefined;

/**
 * The folder for the locks of this user on this machine: mode 0700, on a way that nobody else can write. It depends on the user first
 * and on the environment last, so that all of a user's processes find the same one.
 * @throws WfError E_PERMISSION where none can be had
 */
export function lockFolder(): string {
  // None is made after the first that serves.
  found ??= candidates().find((folder) => usable(folder) !== undefined);
  if (found !== undefined) return found;
  throw new WfError(
    'E_PERMISSION',
    `there is no folder for the locks of uid ${ownUser()} that only this user can write`,
    {
      hint: 'Set XDG_RUNTIME_DIR to a folder of your own with mode 0700.',
    },
  );
}

function candidates(): readonly string[] {
  const user = ownUser();
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const home = homeInUserDatabase();
  return [
    ...(user === 0 ? ['/run/wf'] : []),
    `/run/user/${user}/wf`,
    ...(runtime === undefined ? [] : [path.join(runtime, 'wf')]),
    ...(home === undefined ? [] : [path.join(home, '.local/state/wf/locks')]),
    // The user has no folder at all. Another user may have taken the name: then it is not used.
    `/tmp/wf-${user}`,
    `/var/tmp/wf-${user}`,
  ];
}

function usable(folder: string): string | undefined {
  return path.isAbsolute(folder) && Buffer.byteLength(folder) <= LONGEST ? privateFolder(folder) : undefined;
}

function homeInUserDatabase(): string | undefined {
  try {
    return os.userInfo().homedir;
  } catch {
    return undefined; // a user without an entry
  }
}
