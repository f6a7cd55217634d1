import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { WF } from './wf-process.ts';

/** The user and group id of the ordinary user. */
export const ORDINARY_USER_ID = 65_534;

/** The prefix that runs a command as the ordinary user; empty if the tests are not run by root. */
export const ORDINARY_USER: readonly string[] =
  process.getuid?.() === 0
    ? ['setpriv', '--reuid', `${ORDINARY_USER_ID}`, '--regid', `${ORDINARY_USER_ID}`, '--clear-groups', '--']
    : [];

/** Whether the tests can start wf as the ordinary user: they are run by root, in a checkout that all users can read. */
export function canActAsOrdinaryUser(): boolean {
  const [file, ...args] = [...ORDINARY_USER, 'test', '-r', WF];
  return ORDINARY_USER.length > 0 && file !== undefined && spawnSync(file, args).status === 0;
}

/** Gives a project's folder to the ordinary user, with all that is in it. */
export function ownedByOrdinaryUser(folder: string): void {
  chmodSync(path.dirname(folder), 0o755);
  for (const name of ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    chownSync(path.join(folder, name), ORDINARY_USER_ID, ORDINARY_USER_ID);
  }
}
