import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WfError } from '../engine/errors.ts';
import { damaged, readOnly } from './database-error.ts';

/** Only the user who owns it may read what a run did, and with which input. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/**
 * Brings the file into being, readable for its owner only, and finds out whether it can be written.
 * Answers its real path, symbolic links resolved, beside which SQLite puts `-wal` and `-shm`.
 *
 * A file that exists is never opened here: closing it would drop the POSIX locks that SQLite holds on it elsewhere
 * in this process (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
export function prepareDatabaseFile(given: string): string {
  const path = absolutePath(given);
  makeFolder(dirname(path));
  createUnlessThere(path);
  const real = fs.realpathSync(path);
  checkWritable(real);
  refuseEmptyFileWithLog(real);
  for (const file of [real, walOf(real), shmOf(real)]) tighten(file);
  return real;
}

/** The real path of a database that is only to be read, or undefined where there is none. */
export function findDatabaseFile(given: string): string | undefined {
  const path = absolutePath(given);
  if (!exists(path)) return undefined;
  const real = fs.realpathSync(path);
  requireRegularFile(real);
  try {
    fs.accessSync(real, fs.constants.R_OK);
  } catch (cause) {
    throw new WfError('E_DATABASE', `the database ${real} may not be read by this user`, {
      hint: `It belongs to uid ${fs.statSync(real).uid}: run wf as that user, or choose another file with --db or WF_DB.`,
      cause,
    });
  }
  return real;
}

export const walOf = (path: string): string => `${path}-wal`;
export const shmOf = (path: string): string => `${path}-shm`;
/** Disk space for the journal of a rollback on a full disk; it is there once a database has been in use. */
export const reserveOf = (path: string): string => `${path}-reserve`;

/** better-sqlite3 trims the name it is given, and would open another file. */
function absolutePath(given: string): string {
  const path = resolve(given);
  if (path === path.trim()) return path;
  throw new WfError('E_DATABASE', `the name of the database ends in a blank: "${path}"`, {
    hint: 'Choose another file with --db or WF_DB.',
  });
}

/** One folder at a time: the recursive mkdir of Node calls a read-only file system "no such file or directory". */
function makeFolder(folder: string): void {
  if (exists(folder)) return;
  makeFolder(dirname(folder));
  try {
    fs.mkdirSync(folder, { mode: FOLDER_MODE });
  } catch (thrown) {
    if (!exists(folder)) throw thrown;
  }
}

function exists(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function createUnlessThere(path: string): void {
  // That of a database that was taken away must not say of the new one that it has been in use.
  if (!exists(path)) fs.rmSync(reserveOf(path), { force: true });
  try {
    fs.closeSync(fs.openSync(path, 'wx', FILE_MODE));
  } catch (thrown) {
    // Another process may have been quicker; a symbolic link may be there too.
    if (!exists(path)) throw thrown;
  }
}

function checkWritable(path: string): void {
  requireRegularFile(path);
  for (const [what, place] of [
    ['file', path],
    ['folder', dirname(path)],
  ] as const) {
    try {
      fs.accessSync(place, fs.constants.W_OK);
    } catch (cause) {
      throw readOnly(path, `the ${what} is read-only here, or belongs to uid ${fs.statSync(place).uid}`, cause);
    }
  }
}

function requireRegularFile(path: string): void {
  if (fs.statSync(path).isFile()) return;
  throw new WfError('E_DATABASE', `${path} is not a file`, { hint: 'Choose a file with --db or WF_DB.' });
}

/**
 * SQLite takes an empty file for a new database and deletes its log; a log that is there says that runs were lost.
 * The log is looked at first: a process that makes the database right now fills the file before the log.
 */
function refuseEmptyFileWithLog(path: string): void {
  const log = fs.statSync(walOf(path), { throwIfNoEntry: false });
  if (log === undefined || log.size === 0 || fs.statSync(path).size > 0) return;
  throw damaged(path, `it is empty, but ${walOf(path)} is not`);
}

function tighten(path: string): void {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & OTHERS) === 0) return;
  try {
    fs.chmodSync(path, found.mode & 0o700);
  } catch (cause) {
    throw new WfError('E_DATABASE', `${path} can be read by others, and its mode cannot be changed`, {
      hint: `Let its owner (uid ${found.uid}) run \`chmod go= ${path}\`, or choose another file with --db or WF_DB.`,
      cause,
    });
  }
}

/**
 * Remembers which file the path leads to now; the answer throws as soon as it leads elsewhere, or the log beside it is gone.
 * What is written to a deleted file is lost with the process that has it open.
 *
 * Of the log only its presence is asked for: a `stat` of a file that was just written makes Linux (6.13 and later, whose
 * time stamps grow finer where somebody looks) synchronise its inode too: a commit took 0.18 ms instead of 0.12.
 */
export function watchDatabaseFile(path: string): () => void {
  const identity = identityOf(path);
  return () => {
    if (identityOf(path) !== identity) throw lost(path);
    if (!fs.existsSync(walOf(path))) throw lost(walOf(path));
  };
}

function lost(file: string): WfError {
  return new WfError('E_DATABASE', `${file} was deleted or replaced while wf had it open`, {
    hint: 'What was committed last may be lost. Put the files back if you moved them; compare `wf changes` with the host before you start anything.',
  });
}

/** Whether the database was opened before, as far as what lies beside it tells. */
export function hasBeenInUse(path: string): boolean {
  return exists(reserveOf(path));
}

/** Device and inode; undefined where the file is absent. Inodes need all 64 bits. */
export function identityOf(path: string): string | undefined {
  const found = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
