import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { toolFolders } from './tool-folders.ts';

/** Where a program is that wf can run, or undefined where it is not installed. */
export function findTool(program: string): string | undefined {
  return toolFolders()
    .map((folder) => join(folder, program))
    .find(isExecutableFile);
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
