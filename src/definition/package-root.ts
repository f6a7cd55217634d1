import { existsSync } from 'node:fs';
import path from 'node:path';

/** Returns the folder in which wf is installed: the nearest one above this module with a package.json. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) return folder;
    folder = parent;
  }
  return folder;
}
