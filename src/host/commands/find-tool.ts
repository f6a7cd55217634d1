import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toolFolders } from './tool-folders.ts';

/** Where a program is that wf can run, or undefined where it is not installed. */
export function findTool(program: string): string | undefined {
  return toolFolders()
    .map((folder) => join(folder, program))
    .find(isExecutableFile);
}

/**
 * Whether a program that could not be started is not installed. The kernel also says "permission denied" where a folder of PATH
 * may not be looked into, and no other folder has the program.
 */
export function isNowhere(program: string): boolean {
  return !program.includes('/') && !toolFolders().some((folder) => existsSync(join(folder, program)));
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Whatever the reason, it cannot be run from here.
    return false;
  }
}
