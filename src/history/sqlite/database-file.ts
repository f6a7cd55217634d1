import fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WfError } from '../../engine/errors.ts';
import { makeFolder } from '../../trust/private-folder.ts';
import { requireTrusted } from '../../trust/trusted-path.ts';
import { readOnly } from './database-error.ts';
import { identityOf, requireOwnContent } from './file-header.ts';
import { refuseLogWithoutDatabase, requireOwnSideFiles, reserveOf, walOf } from './side-files.ts';

/** Only the user who owns it may read what a run did, and with which input. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/**
 * Creates the file unless it exists, readable for its owner only, and checks that it is a database of wf's that can be written. Nothing
 * that exists is altered. Returns its real path, symbolic links resolved, beside which SQLite puts `-wal` and `-shm`.
 * @throws WfError E_UNTRUSTED, E_DATABASE, E_DATABASE_DAMAGED, E_DATABASE_READONLY
 */
export function prepareDatabaseFile(given: string): string {
  const path = absolutePath(given);
  requireTrusted(path, 'the database');
  createUnlessThere(path);
  const real = fs.realpathSync(path);
  checkWritable(real);
  requireOwnContent(real);
  requireOwnSideFiles(real);
  requirePrivate(real);
  return real;
}

/**
 * The real path of a database that is only to be read, or undefined where there is none.
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
    throw new WfError('E_DATABASE', `the database ${real} may not be read by this user`, {
      hint: `It belongs to uid ${fs.statSync(real).uid}: run wf as that user, or choose another file with --db or WF_DB.`,
      cause,
    });
  }
  requireOwnContent(real);
  requireOwnSideFiles(real);
  return real;
}

/** better-sqlite3 trims the name it is given, and would open another file. */
function absolutePath(given: string): string {
  const path = resolve(given);
  if (path === path.trim()) return path;
  throw new WfError('E_DATABASE', `the name of the database ends in a blank: "${path}"`, {
    hint: 'Choose another file with --db or WF_DB.',
  });
}

function exists(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function createUnlessThere(path: string): void {
  if (exists(path)) return;
  if (fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    throw new WfError('E_DATABASE', `the database ${path} is a symbolic link that leads nowhere`, {
      hint: `Nothing was changed. Remove the link, mount what it leads to (${fs.readlinkSync(path)}), or choose another file with --db or WF_DB.`,
    });
  }
  makeFolder(dirname(path), FOLDER_MODE);
  requireOwnSideFiles(path);
  refuseLogWithoutDatabase(path);
  // The reserve of a database that was taken away must not say of the new one that it has been in use.
  fs.rmSync(reserveOf(path), { force: true });
  try {
    fs.closeSync(fs.openSync(path, 'wx', FILE_MODE));
  } catch (thrown) {
    // Another process may have been quicker.
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

/** @throws WfError E_DATABASE where others can read the file, or write it by another name. */
function requirePrivate(path: string): void {
  const { mode, nlink, uid } = fs.statSync(path);
  if ((mode & OTHERS) !== 0) {
    throw new WfError(
      'E_DATABASE',
      `the database ${path} is accessible to other users (mode ${(mode & 0o777).toString(8)})`,
      {
        hint: `Nothing was changed. Let its owner (uid ${uid}) run \`chmod go= ${path}\`, or choose another file with --db or WF_DB.`,
      },
    );
  }
  if (nlink > 1) {
    throw new WfError(
      'E_DATABASE',
      `the database ${path} has ${nlink} names (hard links), each with a log of its own`,
      {
        hint: 'Nothing was changed. Copy it to a file of its own while no wf runs, and use that: --db or WF_DB choose it.',
      },
    );
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
