import { lstatSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { untrustedPart } from './trusted-path.ts';
import { ownUser } from './users.ts';

const ONLY_OWNER = 0o700;
const GROUP_AND_OTHERS = 0o077;

/**
 * Creates a folder (0700) and its parents. Returns undefined if that fails, or if others than this user and root could control
 * it: owned by another user, another mode than 0700, a link, or below a folder that others can write.
 */
export function privateFolder(folder: string): string | undefined {
  try {
    makeFolder(folder, ONLY_OWNER);
    const found = lstatSync(folder);
    const isPrivate = found.isDirectory() && found.uid === ownUser() && (found.mode & GROUP_AND_OTHERS) === 0;
    return isPrivate && untrustedPart(folder, new Set([0, ownUser()])) === undefined ? folder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Creates a folder and its parents. One at a time: Node's recursive mkdir never ends in /proc, and reports a read-only file
 * system as "no such file or directory".
 */
export function makeFolder(folder: string, mode: number): void {
  if (exists(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent, mode);
  try {
    mkdirSync(folder, { mode });
  } catch (thrown) {
    if (!exists(folder)) throw thrown;
  }
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}
