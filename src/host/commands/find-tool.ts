import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toolFolders } from './tool-folders.ts';

/** Returns the path of a program that wf can run, or undefined if it is not installed. */
export function findTool(program: string): string | undefined {
  return toolFolders()
    .map((folder) => join(folder, program))
    .find(isExecutableFile);
}

/**
 * Returns whether a program that could not be started is not installed. The kernel also reports "permission denied" if a folder
 * of PATH is unreadable and no other folder has the program.
 */
export function isNotInstalled(program: string): boolean {
  return !program.includes('/') && !toolFolders().some((folder) => existsSync(join(folder, program)));
}

/** Returns whether this is a file that wf may execute. */
export function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Whatever the reason, wf cannot execute it.
    return false;
  }
}
