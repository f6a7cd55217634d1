import { isUtf8 } from 'node:buffer';
import { createHmac } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import type { FileContent, FileFound, FilePath, FilesPort, OpenFolder } from '../../engine/ports/files.ts';
import { errnoOf } from '../machine/errno.ts';
import { removeCommandFiles, removeCommandFolder, writeCommandFiles } from './command-files.ts';
import { type Chunks, chunksOf, digestOf, readUpTo } from './content.ts';
import { contentKey } from './content-key.ts';
import { changedMeanwhile, fileError } from './file-error.ts';
import { identityOf, inFolder, openFolder, openSameFolder, resolveFolder } from './folder.ts';
import { NO_HARD_LINKS } from './hard-links.ts';
import { keep, keptContent, keptFile } from './kept-files.ts';
import { createFile, createFolder, createLink, setMode } from './new-file.ts';

/**
 * Creates the files of a host.
 * @param root returns the folder that is `/` for the host: `/`, or `/proc/4711/root` for a private one
 * @param folderOfWf folder for copies of previous files, and for the key of digests; created at the first use
 */
export function createFiles(root: () => string, folderOfWf: string): FilesPort {
  let key: Uint8Array | undefined;
  const hash = () => {
    key ??= contentKey(folderOfWf);
    return createHmac('sha256', key);
  };

  /** Calls `act` in the open folder of a path, and converts errors of the system. */
  async function within<Result>(
    doing: string,
    at: FilePath,
    act: (way: string, folder: OpenFolder) => Result | Promise<Result>,
  ): Promise<Result> {
    const folder = openSameFolder(root(), at.folder);
    try {
      return await act(inFolder(folder, at.name), folder);
    } catch (thrown) {
      throw fileError(doing, pathOf(at), thrown);
    } finally {
      folder.close();
    }
  }

  async function* chunks(content: FileContent): Chunks & AsyncGenerator<Uint8Array> {
    if (content.type === 'bytes') yield content.bytes;
    else if (content.type === 'kept') yield* keptContent(content.file);
    else {
      const folder = openSameFolder(root(), content.path.folder);
      try {
        yield* chunksOf(inFolder(folder, content.path.name), pathOf(content.path), content.found);
      } finally {
        folder.close();
      }
    }
  }

  return {
    keptFolder: folderOfWf,
    async locate(file) {
      const name = path.basename(file);
      if (!path.isAbsolute(file) || ['', '.', '..'].includes(name) || file.endsWith('/') || file.includes('\0')) {
        throw new WfError('E_FILE', `${JSON.stringify(file)} is not the absolute path of a file`, {
          hint: 'Write the whole path, from `/` to the name.',
        });
      }
      const folder = resolveFolder(root(), path.dirname(file));
      const opened = openFolder(root(), folder);
      try {
        return { folder: identityOf(folder, opened), name };
      } finally {
        opened.close();
      }
    },
    inspect: (at) => within('read', at, (way) => inspect(way, pathOf(at))),
    digest: (path, found) => within('read', path, () => digestOf(hash(), chunks({ type: 'file', path, found }))),
    digestOf: async (bytes) => digestOf(hash(), [bytes]),
    read: (path, found, maxBytes) =>
      within('read', path, () => readUpTo(maxBytes, pathOf(path), chunks({ type: 'file', path, found }))),
    openFolder: async (folder) => openSameFolder(root(), folder),
    keep: (run, name, path, found) =>
      within('keep a copy of', path, async () => ({
        file: keptFile(folderOfWf, run, name),
        digest: await keep(folderOfWf, run, name, chunks({ type: 'file', path, found }), hash()),
      })),
    writeForCommand: async (run, files) => writeCommandFiles(folderOfWf, run, files),
    removeForCommand: async (run, folder) => {
      if (folder === null) removeCommandFiles(folderOfWf, run);
      else removeCommandFolder(folder);
    },
    createFile: (path, content, attributes) =>
      within('create', path, async (way, folder) => {
        const digest = await createFile(way, chunks(content), attributes, hash());
        fsyncSync(folder.descriptor);
        return digest;
      }),
    setMode: (path, mode) => within('change the mode of', path, (way) => setMode(way, mode)),
    createLink: (path, target, owner) =>
      within('create', path, (way, folder) => {
        createLink(way, target, owner);
        fsyncSync(folder.descriptor);
      }),
    createFolder: (path, attributes) =>
      within('create', path, (way, folder) => {
        createFolder(way, attributes);
        fsyncSync(folder.descriptor);
      }),
    place: (draft, name, expected) =>
      within('replace', { ...draft, name }, (to, folder) => {
        place(inFolder(folder, draft.name), to, pathOf({ ...draft, name }), expected);
        fsyncSync(folder.descriptor);
      }),
    remove: (path, found) =>
      within('remove', path, (way, folder) => {
        remove(way, pathOf(path), found);
        fsyncSync(folder.descriptor);
      }),
  };
}

/** Returns the path of a file for messages. */
function pathOf({ folder, name }: FilePath): string {
  return path.join(folder.path, name);
}

function place(from: string, to: string, name: string, expected: FileFound | null): void {
  syncFile(from);
  const there = inspect(to, name);
  if (expected !== null) {
    if (there === null || !isSame(there, expected)) throw changedMeanwhile(name);
    renameSync(from, to);
    return;
  }
  if (there !== null) throw changedMeanwhile(name);
  // A rename would replace a file that another process creates right now. A folder cannot be linked.
  if (inspect(from, name)?.type === 'folder' || !tryLink(from, to, name)) renameSync(from, to);
  else unlinkSync(from);
}

/** Syncs the attributes that were set after the content. Skips a file that wf may not read. */
function syncFile(way: string): void {
  try {
    const descriptor = openSync(way, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    fsyncSync(descriptor);
    closeSync(descriptor);
  } catch (thrown) {
    const isUnreadable = ['ELOOP', 'EACCES'].includes(errnoOf(thrown) ?? '');
    if (!isUnreadable) throw thrown;
  }
}

/** Gives a file a second name. Returns false if the file system has no hard links. */
function tryLink(from: string, to: string, name: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (thrown) {
    const errno = errnoOf(thrown) ?? '';
    if (errno === 'EEXIST') throw changedMeanwhile(name);
    if (NO_HARD_LINKS.includes(errno)) return false;
    throw thrown;
  }
}

function remove(way: string, name: string, found: FileFound): void {
  const there = inspect(way, name);
  if (there === null) return;
  if (!isSame(there, found)) throw changedMeanwhile(name);
  if (found.type === 'folder') rmdirSync(way);
  else unlinkSync(way);
}

/** Returns whether it is the same object, unchanged. The change time of a folder is ignored: it changes with its files. */
function isSame(there: FileFound, found: FileFound): boolean {
  if (there.inode !== found.inode || there.type !== found.type) return false;
  return there.type === 'folder' || there.changedNs === found.changedNs;
}

function inspect(way: string, name: string): FileFound | null {
  const found = lstatSync(way, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return null;
  return {
    type: typeOf(found),
    target: found.isSymbolicLink() ? targetOf(way, name) : null,
    mode: Number(found.mode & 0o7777n),
    uid: Number(found.uid),
    gid: Number(found.gid),
    size: Number(found.size),
    links: Number(found.nlink),
    modifiedNs: String(found.mtimeNs),
    changedNs: String(found.ctimeNs),
    inode: String(found.ino),
  };
}

function typeOf(found: BigIntStats): FileFound['type'] {
  if (found.isFile()) return 'file';
  if (found.isSymbolicLink()) return 'link';
  return found.isDirectory() ? 'folder' : 'other';
}

function targetOf(way: string, name: string): string {
  const target = readlinkSync(way, { encoding: 'buffer' });
  if (isUtf8(target)) return target.toString();
  throw new WfError('E_FILE', `the target of the link ${name} is not valid UTF-8, so wf could not restore it`, {
    hint: 'Replace the link by hand.',
  });
}
