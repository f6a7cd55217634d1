import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { parseRunId, type RunId } from '../../engine/model/ids.ts';
import { ownUser } from '../../trust/users.ts';
import { runOfCommandFolder } from './command-files.ts';
import { type Chunks, chunksOf, type Hash } from './content.ts';
import { createFile } from './new-file.ts';
import { requirePrivate, syncFolder } from './private-folders.ts';

/** Returns the folder of the copies of previous files beside a database. */
export function keptFolder(database: string): string {
  return `${path.resolve(database)}.kept`;
}

/** Returns the path of a copy that a run keeps. */
export function keptFile(folder: string, run: RunId, name: string): string {
  return path.join(folder, run, name);
}

/**
 * Writes a copy that a run keeps, durably and readable only by its user; replaces an earlier one. Returns the digest of its content.
 * @throws WfError E_UNTRUSTED if others can read the folder
 */
export async function keep(folder: string, run: RunId, name: string, content: Chunks, hash: Hash): Promise<string> {
  const file = keptFile(folder, run, name);
  const own = path.dirname(file);
  requirePrivate(folder, own);
  rmSync(file, { force: true });
  const owner = { uid: ownUser(), gid: process.getegid?.() ?? 0 };
  const digest = await createFile(file, content, { mode: 0o600, ...owner }, hash);
  for (const one of [own, folder, path.dirname(folder)]) syncFolder(one);
  return digest;
}

/** Reads a copy. @throws WfError E_FILE if it is gone */
export async function* keptContent(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* chunksOf(file, file, null);
  } catch (thrown) {
    throw new WfError('E_FILE', `the copy ${file} of the previous file cannot be read`, {
      hint: 'Restore the file from a backup.',
      cause: thrown,
    });
  }
}

/** Removes the copies of all runs that are not in the history, and the files of their commands. */
export function removeUnusedCopies(folder: string, isInHistory: (run: RunId) => boolean): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const run = parseRunId(name) ?? runOfCommandFolder(name);
    if (run !== undefined && !isInHistory(run)) rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}
