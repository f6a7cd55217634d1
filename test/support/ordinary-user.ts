import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { WF } from './wf-process.ts';

/** What lets a command run with no right at all: nothing where these tests run so already. */
export const ORDINARY_USER: readonly string[] =
  process.getuid?.() === 0 ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'] : [];

/** Whether an ordinary user may read this checkout: below /root he may not. */
export function readableByAll(): boolean {
  const [file, ...args] = [...ORDINARY_USER, 'test', '-r', WF];
  return file !== undefined && spawnSync(file, args).status === 0;
}
