import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { makeFolder } from '../../trust/private-folder.ts';
import { requireTrusted } from '../../trust/trusted-path.ts';
import { readOnly } from './database-error.ts';
import { identityOf, requireOwnDatabase } from './file-header.ts';
import { refuseLogWithoutDatabase, requireOwnSideFiles, reserveOf, walOf } from './side-files.ts';

/** Only the owner may read what a run did, and with which input. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/**
 * Creates the file unless it exists, readable for its owner only, and checks that it is a writable database of wf. Existing files are
 * not changed. Returns its real path, with symbolic links resolved, beside which SQLite puts `-wal` and `-shm`.
 * @throws WfError E_UNTRUSTED, E_DATABASE, E_DATABASE_DAMAGED, E_DATABASE_READONLY
 */
export function prepareDatabaseFile(given: string): string {
  const path = absolutePath(given);
  requireTrusted(path, 'the database');
  createIfAbsent(path);
  const real = fs.realpathSync(path);
  checkWritable(real);
  requireOwnDatabase(real);
  requireOwnSideFiles(real);
  requirePrivate(real);
  return real;
}

/**
 * Returns the real path of a database for reading; undefined if there is none.
 * @throws WfError E_UNTRUSTED, E_DATABASE, E_DATABASE_DAMAGED
 */
export function findDatabaseFile(given: string): string | undefined {
  const path = absolutePath(given);
  if (!exists(path)) return undefined;
  requireTrusted(path, 'the database');
  const real = fs.realpathSync(path);
  requireRegularFile(real);
  try {
    fs.accessSync(real, fs.constants.R_OK);
  } catch (cause) {
    throw new WfError('E_DATABASE', `this user has no permission to read the database ${real}`, {
      hint: `It belongs to uid ${fs.statSync(real).uid}: run wf as that user, or choose another file with --db or WF_DB.`,
      cause,
    });
  }
  requireOwnDatabase(real);
  requireOwnSideFiles(real);
  return real;
}

/** Refuses names that better-sqlite3 would trim: it would open another file. */
function absolutePath(given: string): string {
  const path = resolve(given);
  if (path === path.trim()) return path;
  throw new WfError('E_DATABASE', `the name of the database ends with white space: "${path}"`, {
    hint: 'Choose another file with --db or WF_DB.',
  });
}

function exists(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function createIfAbsent(path: string): void {
  if (exists(path)) return;
  if (fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    throw new WfError('E_DATABASE', `the database ${path} is a symbolic link without a target`, {
      hint: `Nothing was changed. Remove the link, mount its target (${fs.readlinkSync(path)}), or choose another file with --db or WF_DB.`,
    });
  }
  makeFolder(dirname(path), FOLDER_MODE);
  requireOwnSideFiles(path);
  refuseLogWithoutDatabase(path);
  // A reserve left by a removed database would mark the new one as used.
  fs.rmSync(reserveOf(path), { force: true });
  try {
    fs.closeSync(fs.openSync(path, 'wx', FILE_MODE));
  } catch (thrown) {
    // Another process may have created it first.
    if (!exists(path)) throw thrown;
  }
}

function checkWritable(path: string): void {
  requireRegularFile(path);
  for (const [kind, place] of [
    ['file', path],
    ['folder', dirname(path)],
  ] as const) {
    try {
      fs.accessSync(place, fs.constants.W_OK);
    } catch (cause) {
      throw readOnly(path, `the ${kind} is read-only, or belongs to uid ${fs.statSync(place).uid}`, cause);
    }
  }
}

function requireRegularFile(path: string): void {
  if (fs.statSync(path).isFile()) return;
  throw new WfError('E_DATABASE', `${path} is not a file`, { hint: 'Choose a file with --db or WF_DB.' });
}

/** @throws WfError E_DATABASE if other users can access the file, or it has a second name */
function requirePrivate(path: string): void {
  const { mode, nlink, uid } = fs.statSync(path);
  if ((mode & OTHERS) !== 0) {
    throw new WfError(
      'E_DATABASE',
      `the database ${path} is accessible to other users (mode ${(mode & 0o777).toString(8)})`,
      {
        hint: `Nothing was changed. Run \`chmod go= ${path}\` as its owner (uid ${uid}), or choose another file with --db or WF_DB.`,
      },
    );
  }
  if (nlink > 1) {
    throw new WfError(
      'E_DATABASE',
      `the database ${path} has ${nlink} names (hard links), each with a log of its own`,
      {
        hint: 'Nothing was changed. Copy it to another file while no wf is running, and choose that with --db or WF_DB.',
      },
    );
  }
}

/**
 * Returns a function that throws once the path leads to another file, or the log beside it is gone: writes to a deleted file are lost
 * when the process ends.
 */
export function watchDatabaseFile(path: string): () => void {
  const identity = identityOf(path);
  return () => {
    if (identityOf(path) !== identity) throw lost(path);
    // Not `stat`: on Linux 6.13 and later it makes the next commit synchronise the inode too, which takes half as long again.
    if (!fs.existsSync(walOf(path))) throw lost(walOf(path));
  };
}

function lost(file: string): WfError {
  return new WfError('E_DATABASE', `${file} was deleted or replaced while wf had it open`, {
    hint: 'The last commits may be lost. Move the files back if you moved them; compare `wf changes` with the host before you start a run.',
  });
}
