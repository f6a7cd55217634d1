import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder that wf is installed in: the nearest one above this module with a package.json. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) return folder;
    folder = parent;
  }
  return folder;
}
