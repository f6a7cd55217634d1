import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import path from 'node:path';
import { WfError } from '../engine/model/errors.ts';
import { isPrivateGroup } from './private-group.ts';
import { ownerOfAll, trustedUsers } from './users.ts';

/** Environment variable with `:`-separated folders that are trusted whatever their owner. */
export const SAFE_DIRECTORY_VARIABLE = 'WF_SAFE_DIRECTORY';

/** Limit of the kernel for links in a path. */
const MOST_LINKS = 40;
const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** A component of a path that another user could have written or replaced. */
export interface UntrustedPart {
  readonly path: string;
  readonly why: string;
}

/**
 * Refuses a file that another user could have written: each folder and link on its path, and the target, must belong to root, the
 * user of wf or the caller of sudo, and be writable by nobody else. A path that does not exist is checked as far as it exists.
 * @param what name for the message, such as `the workflow file`
 * @param own the folder of wf itself: in a user namespace, the machine's root may own its files
 * @throws WfError E_UNTRUSTED, with how to permit it
 */
export function requireTrusted(file: string, what: string, own?: string): void {
  if (isPermitted(file)) return;
  const users = trustedUsers();
  const isOwn = own !== undefined && isWithin(realPathOf(file), own);
  const found = untrustedPart(file, isOwn ? new Set([...users, ownerOfAll()]) : users);
  if (found === undefined) return;
  const where = found.path === path.resolve(file) ? '' : ` (on the way to ${path.resolve(file)})`;
  throw new WfError(
    'E_UNTRUSTED',
    `${what} could have been written by another user: ${found.path} ${found.why}${where}`,
    {
      hint:
        'Run wf as its owner, or remove write permission for others with `chmod go-w`; wf executed nothing of it. ' +
        `To trust the whole folder, run \`${SAFE_DIRECTORY_VARIABLE}=${folderToPermit(file)} wf ...\`.`,
      details: { path: found.path },
    },
  );
}

/** Returns the first component of a path that others than these users control, or undefined. */
export function untrustedPart(file: string, users: ReadonlySet<number>): UntrustedPart | undefined {
  const onTheWay = new Set([...users, ownerOfAll()]);
  let left = path
    .resolve(file)
    .split('/')
    .filter((name) => name !== '');
  let at = '/';
  let links = 0;
  let found = lstatIfThere(at);
  while (found !== undefined) {
    const isLast = left.length === 0;
    const why = whyUntrusted(found, isLast ? users : onTheWay);
    if (why !== undefined) return { path: at, why };
    if (found.isSymbolicLink()) {
      // Nobody can open it.
      if (++links > MOST_LINKS) return undefined;
      const target = path.resolve(path.dirname(at), readlinkSync(at));
      left = [...target.split('/').filter((name) => name !== ''), ...left];
      at = '/';
    } else if (isLast) {
      return undefined;
    } else {
      at = path.join(at, left.shift() ?? '');
    }
    found = lstatIfThere(at);
  }
  return undefined;
}

/** The part of `Stats` that decides. Named here, because the published types import nothing of Node. */
interface FoundFile {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  isSymbolicLink(): boolean;
  isDirectory(): boolean;
}

/**
 * Returns why others than these users control a component of a path, or undefined. A link's own mode has no meaning, and only the owner
 * may replace a file in a folder with the sticky bit.
 */
export function whyUntrusted(found: FoundFile, users: ReadonlySet<number>): string | undefined {
  if (!users.has(found.uid)) return `belongs to uid ${found.uid}`;
  if (found.isSymbolicLink()) return undefined;
  if (found.isDirectory() && (found.mode & STICKY) !== 0) return undefined;
  if ((found.mode & OTHERS_WRITE) !== 0) return 'is writable by everybody';
  if ((found.mode & GROUP_WRITE) === 0 || isPrivateGroup(found.gid, found.uid)) return undefined;
  return `is writable by group ${found.gid}`;
}

/** Returns whether the file is in a folder that the user has declared safe. */
export function isPermitted(file: string): boolean {
  const folders = (process.env[SAFE_DIRECTORY_VARIABLE] ?? '').split(':').filter((folder) => path.isAbsolute(folder));
  if (folders.length === 0) return false;
  const real = realPathOf(file);
  return folders.some((folder) => isWithin(real, realPathOf(folder)));
}

function isWithin(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** Resolves links as far as the path exists. */
function realPathOf(file: string): string {
  const absolute = path.resolve(file);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(realPathOf(parent), path.basename(absolute));
  }
}

/** Returns the folder to permit: for a file of a project, the folder of the project. */
function folderToPermit(file: string): string {
  const folder = path.dirname(path.resolve(file));
  return ['workflows', 'data'].includes(path.basename(folder)) ? path.dirname(folder) : folder;
}

function lstatIfThere(file: string): Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false });
  } catch {
    // An inaccessible folder on the path fails when the file is opened.
    return undefined;
  }
}
