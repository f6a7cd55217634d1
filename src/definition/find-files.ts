import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** A file that should define the workflow that it is named after. */
export interface WorkflowFile {
  readonly name: string;
  readonly file: string;
}

const FILE_NAME = /^([a-z0-9][a-z0-9-]*)\.(?:ts|mts|js|mjs)$/;

/** The nearest folder, from `from` upwards, that has a folder `workflows` in it; undefined where none has. */
export function findProject(from: string): string | undefined {
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    if (isFolder(path.join(folder, 'workflows'))) return folder;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** All workflow files of these folders, by name; of two with one name the one of the earlier folder counts. */
export function findWorkflowFiles(folders: readonly string[]): readonly WorkflowFile[] {
  const files = new Map<string, WorkflowFile>();
  for (const folder of folders) {
    for (const entry of existsSync(folder) ? readdirSync(folder) : []) {
      const name = FILE_NAME.exec(entry)?.[1];
      if (name !== undefined && !files.has(name)) files.set(name, { name, file: path.join(folder, entry) });
    }
  }
  return [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
