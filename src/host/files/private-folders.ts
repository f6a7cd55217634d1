import { closeSync, fsyncSync, openSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import { privateFolder } from '../../trust/private-folder.ts';

/** Creates folders of wf, the outer one first. @throws WfError E_UNTRUSTED if another user can read one */
export function requirePrivate(...folders: readonly string[]): void {
  for (const folder of folders) {
    if (privateFolder(folder) !== undefined) continue;
    throw new WfError('E_UNTRUSTED', `wf cannot keep files in ${folder}: it is not a folder of this user alone`, {
      hint: `Check its owner and mode with \`ls -ld ${folder}\`: it must be writable, and have mode 0700.`,
      untouched: true,
    });
  }
}

export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
