import fs from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { WfError } from '../../engine/model/errors.ts';

/** Returns the WfError for an error of SQLite or the file system; anything else unchanged. */
export function asDatabaseError(thrown: unknown, path: string): unknown {
  if (thrown instanceof WfError) return thrown;
  if (thrown instanceof Database.SqliteError) return ofSqlite(thrown, path);
  if (isAddonError(thrown)) return addonUnusable(thrown);
  if (thrown instanceof Error && 'syscall' in thrown && 'code' in thrown) return ofFileSystem(thrown, path);
  return thrown;
}

/** Returns whether the addon of better-sqlite3 cannot be loaded: it is absent, or built for another Node. */
function isAddonError(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error)) return false;
  return isAddonMissing(thrown) || ('code' in thrown && thrown.code === 'ERR_DLOPEN_FAILED');
}

/** Returns whether the addon is absent: the package `bindings`, which searches for it, lists the searched paths in `tries`. */
function isAddonMissing(error: Error): boolean {
  return 'tries' in error;
}

function loadFailure(message: string): string | undefined {
  const versions = /NODE_MODULE_VERSION (\d+).*?NODE_MODULE_VERSION (\d+)/s.exec(message);
  if (versions === null) return message.split('\n')[0];
  return `it is built for another Node.js (module version ${versions[1]}); Node.js ${process.version} needs module version ${versions[2]}`;
}

function addonUnusable(cause: Error): WfError {
  const why = isAddonMissing(cause) ? 'there is no better_sqlite3.node' : loadFailure(cause.message);
  return new WfError('E_DATABASE', `the native addon of better-sqlite3 cannot be loaded: ${why}`, {
    hint: 'Run `npm rebuild better-sqlite3` in the folder of wf, or run wf with the Node.js that it was installed with.',
    cause,
  });
}

/** Runs `work` and converts its errors with {@link asDatabaseError}. */
export function withDatabaseErrors<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    throw asDatabaseError(thrown, path);
  }
}

export function damaged(path: string, what: string, cause?: unknown): WfError {
  return new WfError('E_DATABASE_DAMAGED', `the database ${path} is damaged: ${what}`, {
    hint:
      `Nothing was changed in it. Move it aside together with ${path}-wal and ${path}-shm, then restore a backup or begin a new ` +
      `database. Recover a list of what to undo by hand with \`sqlite3 OLD .recover\`; without a backup, find what its runs left on ` +
      `this host with \`wf sweep --db ${path}.new\`.`,
    cause,
  });
}

export function readOnly(path: string, what: string, cause?: unknown): WfError {
  return new WfError('E_DATABASE_READONLY', `the database ${path} cannot be written: ${what}`, {
    hint: 'Run wf as the owner of the file, make the file and its folder writable, or choose another file with --db or WF_DB.',
    cause,
  });
}

export function diskFull(path: string, cause: unknown): WfError {
  return new WfError('E_DISK_FULL', `no space is left for the database ${path}`, {
    hint: 'Free some space on that file system (`df`, or the quota of its owner), then repeat the command. Nothing was done that is not committed.',
    cause,
  });
}

/** Maps extended result codes: https://www.sqlite.org/rescode.html */
function ofSqlite(error: InstanceType<typeof Database.SqliteError>, path: string): WfError {
  const { code } = error;
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return locked(path, error);
  if (code.startsWith('SQLITE_FULL') || code === 'SQLITE_IOERR_SHMSIZE') return diskFull(path, error);
  // SQLite also uses these codes if a file cannot be created or grow.
  if (/^SQLITE_(IOERR|CANTOPEN)/.test(code) && isFull(path)) return diskFull(path, error);
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return damaged(path, error.message, error);
  if (code.startsWith('SQLITE_READONLY')) return readOnly(path, error.message, error);
  if (code.startsWith('SQLITE_CONSTRAINT')) {
    return new WfError('E_INTERNAL', `the database ${path} refused a row: ${error.message}`, {
      hint: 'This is a defect in wf: nothing was written. Report it with the journal of the run.',
      cause: error,
    });
  }
  // The statements fit this version, so the file lacks a table or an index.
  if (code === 'SQLITE_ERROR' && error.message.startsWith('no such ')) return damaged(path, error.message, error);
  return new WfError('E_DATABASE', `the database ${path} cannot be used: ${error.message} (${code})`, {
    hint: 'Check its disk (`dmesg`, `df`), then repeat the command, or choose another file with --db or WF_DB.',
    cause: error,
  });
}

/** Returns whether the file system of a database has no block or no inode left. */
export function isFull(path: string): boolean {
  try {
    const { bavail, files, ffree } = fs.statfsSync(dirname(path));
    return bavail === 0 || (files > 0 && ffree === 0);
  } catch {
    return false; // the caller reports its own error
  }
}

function locked(path: string, cause: unknown): WfError {
  return new WfError('E_DATABASE_LOCKED', `the database ${path} is locked by another process`, {
    hint: `Find the process with \`fuser -v ${path}\` (a backup, an sqlite3 shell with an open transaction), wait for its end, then repeat the command.`,
    transient: true,
    cause,
  });
}

function ofFileSystem(error: Error & { readonly code: unknown }, path: string): WfError {
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(path, error);
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return readOnly(path, error.message, error);
    default:
      return new WfError('E_DATABASE', `the database ${path} cannot be used: ${error.message}`, {
        hint: 'Choose another file with --db or WF_DB.',
        cause: error,
      });
  }
}
