import fs from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import { trustedUsers } from '../../trust/users.ts';

const OTHERS = 0o077;

export const walOf = (path: string): string => `${path}-wal`;
export const journalOf = (path: string): string => `${path}-journal`;
const shmOf = (path: string): string => `${path}-shm`;
/** Disk space for the journal of a rollback on a full disk; it exists once a database has been in use. */
export const reserveOf = (path: string): string => `${path}-reserve`;

/** Returns whether the database has been in use, judging by its reserve. */
export function hasBeenInUse(path: string): boolean {
  return fs.existsSync(reserveOf(path));
}

/** Refuses a log without a database: SQLite would delete it, and with it the runs in it. */
export function refuseLogWithoutDatabase(path: string): void {
  const log = fs.statSync(walOf(path), { throwIfNoEntry: false });
  if (log === undefined || log.size === 0 || fs.existsSync(path)) return;
  throw new WfError('E_DATABASE_DAMAGED', `${walOf(path)} exists, but its database ${path} does not`, {
    hint: 'Nothing was changed. Restore the database, or move the log away to begin a new one.',
  });
}

/**
 * Checks that each side file is a regular file with one name, of a trusted user or the owner of the database: SQLite opens them by name,
 * and wf removes the reserve.
 * @throws WfError E_DATABASE
 */
export function requireOwnSideFiles(path: string): void {
  const owner = fs.statSync(path, { throwIfNoEntry: false })?.uid;
  const users = new Set([...trustedUsers(), ...(owner === undefined ? [] : [owner])]);
  for (const file of [walOf(path), shmOf(path), journalOf(path), reserveOf(path)]) {
    const found = fs.lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined) continue;
    const why = whyNotOwn(found, users);
    if (why === undefined) continue;
    throw new WfError('E_DATABASE', `${file} ${why}, so it is not a file of the database ${path}`, {
      hint: 'Nothing was changed. Move it away, or choose another file with --db or WF_DB.',
    });
  }
}

function whyNotOwn(found: fs.Stats, users: ReadonlySet<number>): string | undefined {
  if (found.isSymbolicLink()) return 'is a symbolic link';
  if (!found.isFile()) return 'is not a file';
  if (found.nlink > 1) return `is one of ${found.nlink} names of a file`;
  if (!users.has(found.uid)) return `belongs to uid ${found.uid}`;
  return (found.mode & OTHERS) === 0 ? undefined : 'is accessible to other users';
}
