import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseRunId, type RunId } from '../../engine/model/ids.ts';
import { fileError } from './file-error.ts';
import { requirePrivate } from './private-folders.ts';

/** Name of the folder of a command: the run, and the suffix of mkdtemp. */
const NAME = /^\.command-(.+)-[A-Za-z0-9]{6}$/;

/** Returns the run in the name of the folder of a command; undefined for other names. */
export function runOfCommandFolder(name: string): RunId | undefined {
  return parseRunId(NAME.exec(name)?.[1] ?? '');
}

/**
 * Writes files, readable only by the user of wf, into a new folder for one command. Returns the folder; leaves nothing on an error.
 * @param folder the folder of wf beside the database
 * @throws WfError E_UNTRUSTED if others can read the folder
 */
export function writeCommandFiles(folder: string, run: RunId, files: Readonly<Record<string, string>>): string {
  requirePrivate(folder);
  const own = mkdtempSync(path.join(folder, `.command-${run}-`));
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

/** Removes the folders of all commands of a run. @param folder the folder of wf beside the database */
export function removeCommandFiles(folder: string, run: RunId): void {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => runOfCommandFolder(name) === run) : [];
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
