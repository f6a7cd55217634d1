import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileError } from './file-error.ts';
import { requirePrivate } from './private-folders.ts';

/** Beside these folders, the run keeps copies of files, whose names begin with no dot. */
const PREFIX = '.command-';

/**
 * Writes files, readable by the user of wf only, into a new folder for one command. Returns the folder, or leaves nothing.
 * @param folder the folder of wf for the run
 * @throws WfError E_UNTRUSTED if others can read the folder
 */
export function writeCommandFiles(folder: string, files: Readonly<Record<string, string>>): string {
  requirePrivate(path.dirname(folder), folder);
  const own = mkdtempSync(path.join(folder, PREFIX));
  try {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(path.join(own, name), content, { mode: 0o600, flag: 'wx' });
    }
    return own;
  } catch (thrown) {
    removeCommandFolder(own);
    throw fileError('write the files of a command in', folder, thrown);
  }
}

/** Removes the folders of all commands of a run. @param folder the folder of wf for the run */
export function removeCommandFiles(folder: string): void {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(PREFIX)) : [];
  for (const name of names) removeCommandFolder(path.join(folder, name));
}

/** Removes the folder of one command. */
export function removeCommandFolder(own: string): void {
  try {
    rmSync(own, { recursive: true, force: true });
  } catch (thrown) {
    throw fileError('remove', own, thrown);
  }
}
