import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileAttributes } from '../../engine/ports/files.ts';
import { type Chunks, type Hash, writeContent } from './content.ts';

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Mode until the file or folder is complete. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** Creates a file durably; leaves nothing on an error. Returns the digest of its content. */
export async function createFile(
  way: string,
  content: Chunks,
  attributes: FileAttributes,
  hash: Hash,
): Promise<string> {
  const file = await open(way, CREATE, PRIVATE_FILE);
  try {
    const digest = await writeContent(file, content, hash);
    await file.chown(attributes.uid, attributes.gid);
    // Set after the owner: a change of the owner clears setuid and setgid.
    await file.chmod(attributes.mode);
    await file.sync();
    return digest;
  } catch (thrown) {
    unlinkSync(way);
    throw thrown;
  } finally {
    await file.close();
  }
}

/** Sets the mode of a file, durably. */
export async function setMode(way: string, mode: number): Promise<void> {
  const file = await open(way, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Creates a symbolic link; leaves nothing on an error. */
export function createLink(way: string, target: string, { uid, gid }: Omit<FileAttributes, 'mode'>): void {
  symlinkSync(target, way);
  try {
    lchownSync(way, uid, gid);
  } catch (thrown) {
    unlinkSync(way);
    throw thrown;
  }
}

/** Creates a folder; leaves nothing on an error. */
export function createFolder(way: string, { mode, uid, gid }: FileAttributes): void {
  mkdirSync(way, PRIVATE_FOLDER);
  try {
    const folder = openSync(way, OPEN_FOLDER);
    try {
      fchownSync(folder, uid, gid);
      fchmodSync(folder, mode);
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (thrown) {
    rmdirSync(way);
    throw thrown;
  }
}
