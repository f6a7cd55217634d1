import os from 'node:os';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { privateFolder } from '../../trust/private-folder.ts';
import { ownUser } from '../../trust/users.ts';

/** A Unix socket's path has at most 107 bytes; its name takes 40. */
const LONGEST = 66;

let found: string | undefined;

/**
 * Returns the folder for the locks of this user on this machine: mode 0700, on a path that nobody else can write. It depends on
 * the user first and on the environment last, so that all processes of a user find the same one.
 * @throws WfError E_PERMISSION if there is none
 */
export function lockFolder(): string {
  // Stops at the first usable folder, without creating the others.
  found ??= candidates().find((folder) => usable(folder) !== undefined);
  if (found !== undefined) return found;
  throw new WfError('E_PERMISSION', `no private folder for the locks of uid ${ownUser()}`, {
    hint: 'Set XDG_RUNTIME_DIR to your own folder with mode 0700.',
  });
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
    // Fallback for a user without any folder. Not used if another user has created it.
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
