import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import type { FolderIdentity, OpenFolder } from '../../engine/ports/files.ts';
import { isPermitted, whyUntrusted } from '../../trust/trusted-path.ts';
import { ownerOfAll, trustedUsers } from '../../trust/users.ts';
import { bootId } from '../processes/process.ts';
import { fileError } from './file-error.ts';

/** Limit of the kernel for symbolic links in a path. */
const MOST_LINKS = 40;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Returns the path of a name in an open folder. */
export function inFolder({ descriptor }: Pick<OpenFolder, 'descriptor'>, name: string): string {
  return `/proc/self/fd/${descriptor}/${name}`;
}

/** Resolves the links in the path of a folder. @param root the folder that is `/` for it, such as `/proc/4711/root` */
export function resolveFolder(root: string, folder: string): string {
  let left = namesIn(folder);
  let resolved: string[] = [];
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === '..') {
      resolved.pop();
      continue;
    }
    const path = [root, ...resolved, name].join('/');
    const found = statOf(path, folder);
    requireTrustedPart(found, `/${[...resolved, name].join('/')}`, folder);
    if (!found.isSymbolicLink()) {
      resolved.push(name);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) throw fileError('open', folder, new Error('ELOOP: too many links'));
    const target = readlinkSync(path);
    left = [...namesIn(target), ...left];
    if (target.startsWith('/')) resolved = [];
  }
  return `/${resolved.join('/')}`;
}

/** Opens a folder, whose path has no links, component by component. @throws WfError E_FILE, E_UNTRUSTED */
export function openFolder(root: string, folder: string): OpenFolder {
  let descriptor = open('open', root, folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    let path = '';
    requireTrustedPart(fstatSync(descriptor), '/', folder);
    for (const name of namesIn(folder)) {
      const parent = descriptor;
      path += `/${name}`;
      descriptor = open('open', inFolder({ descriptor: parent }, name), path, FOLDER);
      closeSync(parent);
      requireTrustedPart(fstatSync(descriptor), path, folder);
    }
    const opened = descriptor;
    return { descriptor: opened, close: () => closeSync(opened) };
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
}

/** Opens the folder with this identity. @throws WfError E_FILE if another folder is at its path */
export function openSameFolder(root: string, folder: FolderIdentity): OpenFolder {
  const opened = openFolder(root, folder.path);
  const { device, inode } = identityOf(folder.path, opened);
  // The number of a device may differ after a reboot.
  if (inode === folder.inode && (device === folder.device || folder.bootId !== bootId())) return opened;
  opened.close();
  throw new WfError('E_FILE', `${folder.path} is another folder than the one in which the file was changed`, {
    hint: 'Move the folder back, or undo the change by hand.',
  });
}

export function identityOf(path: string, { descriptor }: OpenFolder): FolderIdentity {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return { path, device: String(dev), inode: String(ino), bootId: bootId() };
}

/** Opens a file or folder. @throws WfError naming `path` */
export function open(doing: string, way: string, path: string, flags: number, mode?: number): number {
  try {
    return openSync(way, flags, mode);
  } catch (thrown) {
    throw fileError(doing, path, thrown);
  }
}

function statOf(way: string, folder: string): Stats {
  try {
    return lstatSync(way);
  } catch (thrown) {
    throw fileError('open', folder, thrown);
  }
}

/** @throws WfError E_UNTRUSTED if another user can replace the files below a component of a path */
function requireTrustedPart(found: Stats, path: string, folder: string): void {
  const why = whyUntrusted(found, new Set([...trustedUsers(), ownerOfAll()]));
  if (why === undefined || isPermitted(folder)) return;
  throw new WfError('E_UNTRUSTED', `another user could replace files in ${folder}: ${path} ${why}`, {
    hint: `Remove write permission for others with \`chmod go-w\`, or run wf as its owner. To trust the folder, set WF_SAFE_DIRECTORY=${folder}.`,
    details: { path },
  });
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
