import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

let folder: string | undefined;
const works = new Set<() => Promise<unknown>>();

/** Returns a folder of the current test file, removed after its last test. Test files share a process, one after the other. */
export function folderOfFile(): string {
  folder ??= mkdtempSync(path.join(tmpdir(), 'wf-file-'));
  return folder;
}

/** Does this work after the last test of each file, before the folder is removed. */
export function atEndOfFile(work: () => Promise<unknown>): void {
  works.add(work);
}

export async function endFile(): Promise<void> {
  try {
    for (const work of works) await work();
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  }
}
