import { lstatSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { untrustedPart } from './trusted-path.ts';
import { ownUser } from './users.ts';

const ONLY_OWNER = 0o700;
const GROUP_AND_OTHERS = 0o077;

/**
 * Makes a folder (0700) and those that lead to it. Returns undefined where that fails, or where it would not be in the hands of this
 * user and root alone: not the user's own, of another mode than 0700, a link, or below what others can write.
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
 * Makes a folder and its parents. One at a time: Node's own recursive mkdir never ends in /proc, and calls a read-only file
 * system "no such file or directory".
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
