import fs from 'node:fs';
import { WfError } from '../../engine/errors.ts';
import { trustedUsers } from '../../trust/users.ts';

const OTHERS = 0o077;

export const walOf = (path: string): string => `${path}-wal`;
export const journalOf = (path: string): string => `${path}-journal`;
const shmOf = (path: string): string => `${path}-shm`;
/** Disk space for the journal of a rollback on a full disk; it is there once a database has been in use. */
export const reserveOf = (path: string): string => `${path}-reserve`;

/** Whether the database was opened before, as far as what lies beside it tells. */
export function hasBeenInUse(path: string): boolean {
  return fs.existsSync(reserveOf(path));
}

/** SQLite deletes a log without a database; one that is there says that runs were lost. */
export function refuseLogWithoutDatabase(path: string): void {
  const log = fs.statSync(walOf(path), { throwIfNoEntry: false });
  if (log === undefined || log.size === 0 || fs.existsSync(path)) return;
  throw new WfError('E_DATABASE_DAMAGED', `${walOf(path)} is there, but not the database ${path} that it belongs to`, {
    hint: 'Nothing was changed. Put the database back, or move the log away to begin a new one.',
  });
}

/**
 * SQLite opens these files by their names, and wf removes the reserve: each is a file of its own, of a trusted user or the owner of
 * the database.
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
    throw new WfError('E_DATABASE', `${file} ${why}, and is no file of the database ${path}`, {
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
