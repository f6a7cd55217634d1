import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../machine/errno.ts';

export type FolderContent =
  | { readonly found: 'empty' }
  | { readonly found: 'data'; readonly entries: number }
  | { readonly found: 'unknown'; readonly reason: string };

/**
 * Returns whether a folder of this machine is empty; unknown if it cannot be read.
 * @param mismatch returns why it is another folder, from its times and those of its parent, in ms since the epoch; undefined if it is the
 * right one
 */
export function folderContent(
  folder: string,
  mismatch: (timesMs: readonly number[]) => string | undefined,
): FolderContent {
  try {
    const own = lstatSync(folder);
    if (!own.isDirectory()) return { found: 'unknown', reason: `${folder} is no folder` };
    const times = [own, lstatSync(path.dirname(folder))].flatMap((stats) => [
      stats.mtimeMs,
      stats.ctimeMs,
      stats.birthtimeMs,
    ]);
    const reason = mismatch(times);
    if (reason !== undefined) return { found: 'unknown', reason };
    const entries = readdirSync(folder).length;
    return entries === 0 ? { found: 'empty' } : { found: 'data', entries };
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === undefined) throw thrown;
    return { found: 'unknown', reason: `${folder} cannot be read on this machine (${errno})` };
  }
}
