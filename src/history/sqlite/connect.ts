import Database from 'better-sqlite3';
import { WfError } from '../../engine/model/errors.ts';
import { PinnedConnection } from '../../sqlite/pinned-connection.ts';
import { damaged, diskFull, isFull, readOnly } from './database-error.ts';
import { identityOf } from './file-header.ts';
import { APPLICATION_ID, createTables, SCHEMA_VERSION, TABLES_AND_INDEXES, versionOf } from './schema.ts';
import { hasBeenInUse } from './side-files.ts';

/** Time for which a write waits for the transaction of another process. A transaction of wf takes well under a millisecond. */
const BUSY_TIMEOUT_MS = 5_000;

/** Attempts to switch a new database to WAL, which collides at most once with each process that opens it at the same moment. */
const WAL_ATTEMPTS = 100;

/** Pages (1.2 MiB) from which a commit moves the log into the database: the reserve for a full disk must hold the log. */
const LOG_PAGES = 300;

export interface ConnectOptions {
  /** Time to wait for a lock of another process, in milliseconds; default 5000. */
  readonly busyTimeoutMs?: number;
  /** Gives up the reserve if the disk is too full to open or write the database. For rollbacks only. */
  readonly freeReserveOnFullDisk?: boolean;
}

/** Opens an existing file for reading and writing, and creates the tables if it is empty. */
export function connect(path: string, options: ConnectOptions): Database.Database {
  return open(path, options, { readonly: false }, (db) => {
    const version = inspect(db, path);
    useWriteAheadLog(db, path);
    db.pragma('synchronous = FULL');
    db.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
    db.pragma('foreign_keys = ON');
    if (version === 0) createTables(db);
  });
}

/**
 * Opens an existing file for reading. Returns undefined if that requires writing: the file is empty, or a killed process left a
 * transaction to roll back.
 */
export function connectForReading(path: string, options: ConnectOptions): Database.Database | undefined {
  let version = 0;
  try {
    const db = open(path, options, { readonly: true }, (reader) => {
      version = inspectForReading(reader, path);
    });
    if (version > 0) return db;
    db.close();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Database.SqliteError && NEEDS_RECOVERY.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

/** Errors of a reader that finds the unfinished transaction of a killed writer and may not roll it back. */
const NEEDS_RECOVERY: readonly string[] = ['SQLITE_READONLY_ROLLBACK', 'SQLITE_READONLY_RECOVERY'];

/** @throws WfError E_DATABASE_NEWER */
export function refuseNewer(version: number, path: string): void {
  if (version <= SCHEMA_VERSION) return;
  throw new WfError(
    'E_DATABASE_NEWER',
    `the database ${path} was written by a newer wf (schema version ${version}, this wf supports ${SCHEMA_VERSION})`,
    { hint: 'Use the newer wf, or choose another file with --db or WF_DB.' },
  );
}

function open(
  path: string,
  options: ConnectOptions,
  mode: { readonly readonly: boolean },
  prepare: (db: Database.Database) => void,
): Database.Database {
  const before = identityOf(path);
  const db = new PinnedConnection(path, {
    ...mode,
    fileMustExist: true,
    timeout: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
  });
  try {
    db.pragma('trusted_schema = OFF');
    prepare(db);
    if (identityOf(path) !== before) {
      throw new WfError('E_DATABASE', `the database ${path} was replaced while wf opened it`, {
        hint: 'Repeat the command.',
      });
    }
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/**
 * Returns the schema version of a database, 0 for an empty one. Reads all in one transaction, as another process may be creating it.
 * @throws WfError if it belongs to another program or a newer wf; nothing in it is changed
 */
function inspect(db: Database.Database, path: string): number {
  // Checked first: a process that creates the database fills it before it makes the reserve.
  const inUse = hasBeenInUse(path);
  return db.transaction(() => {
    const application = Number(db.pragma('application_id', { simple: true }));
    const version = versionOf(db);
    const names = db.prepare('SELECT name FROM sqlite_schema').pluck().all();
    if (application === 0 && version === 0 && names.length === 0) {
      if (inUse) throw damaged(path, 'it is empty although it has been in use: its content or its log was lost');
      return 0;
    }
    if (application !== APPLICATION_ID) {
      throw new WfError('E_DATABASE', `${path} is a database of another program`, {
        hint: 'Nothing in it was changed. Choose another file with --db or WF_DB.',
        details: { applicationId: application },
      });
    }
    refuseNewer(version, path);
    if (version < 1) throw damaged(path, 'its schema version is missing');
    const missing = TABLES_AND_INDEXES.filter((name) => !names.includes(name));
    if (missing.length > 0) throw damaged(path, `it lacks ${missing.join(', ')}`);
    return version;
  })();
}

function inspectForReading(db: Database.Database, path: string): number {
  try {
    return inspect(db, path);
  } catch (thrown) {
    if (!(thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_CANTOPEN'))) throw thrown;
    if (isFull(path)) throw diskFull(path, thrown);
    throw readOnly(path, 'its write-ahead log needs a writable folder, even for reading', thrown);
  }
}

/** @throws WfError E_DATABASE if the file system cannot share memory between processes, which the log needs */
function useWriteAheadLog(db: Database.Database, path: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      const mode = db.pragma('journal_mode = WAL', { simple: true });
      if (mode === 'wal') return;
      throw new WfError('E_DATABASE', `the file system of ${path} does not support a write-ahead log`, {
        hint: 'Keep the database on a local disk, not on a network share: choose another file with --db or WF_DB.',
      });
    } catch (thrown) {
      const busy = thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY');
      if (!busy || attempt >= WAL_ATTEMPTS) throw thrown;
    }
    // SQLite does not wait for the lock of the switch, but waits for this one.
    db.transaction(() => {}).immediate();
  }
}
