import Database from 'better-sqlite3';
import { WfError } from '../../engine/errors.ts';
import { damaged, diskFull, isFull, readOnly } from './database-error.ts';
import { identityOf } from './file-header.ts';
import { Connection } from './pinned-connection.ts';
import { APPLICATION_ID, MIGRATIONS, migrate, TABLES_AND_INDEXES, versionOf } from './schema.ts';
import { hasBeenInUse } from './side-files.ts';

/** How long a write waits for another process's transaction: those of wf take well under a millisecond each. */
const BUSY_TIMEOUT_MS = 5_000;

/** Switching a new database to WAL collides at most once with each process that opens it at the same moment. */
const WAL_TRIES = 100;

/**
 * From so many pages on (1.2 MiB) a commit brings what is in the log into the database, and the log is overwritten. Where a log grows
 * the file system has more to make durable: such a commit takes twice as long as one that overwrites.
 */
const LOG_PAGES = 300;

export interface ConnectOptions {
  /** How long to wait for a lock that another process holds, in milliseconds; 5000 where it is not said. */
  readonly busyTimeoutMs?: number;
  /** Gives up the reserve where the disk is too full to open the database or to write: for undoing, and nothing else. */
  readonly freeReserveOnFullDisk?: boolean;
}

/** Opens a database for reading and writing, and brings it to this version. The file exists. */
export function connect(path: string, options: ConnectOptions): Database.Database {
  return opened(path, options, { readonly: false }, (db) => {
    const version = inspect(db, path);
    useWriteAheadLog(db, path);
    db.pragma('synchronous = FULL');
    db.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
    db.pragma('foreign_keys = ON');
    if (version < MIGRATIONS.length) migrate(db);
  });
}

/**
 * Opens a database that is only read; undefined where that takes more than reading: it is older than this version, or a
 * process that was killed left something to be put in order.
 */
export function connectForReading(path: string, options: ConnectOptions): Database.Database | undefined {
  let version = 0;
  try {
    const db = opened(path, options, { readonly: true }, (reader) => {
      version = inspectForReading(reader, path);
    });
    if (version === MIGRATIONS.length) return db;
    db.close();
    return undefined;
  } catch (thrown) {
    if (needsRecovery(thrown)) return undefined;
    throw thrown;
  }
}

/** What SQLite answers where a reader finds the traces of a killed writer and may not remove them. */
const LEFT_BY_A_KILLED_WRITER: readonly string[] = ['SQLITE_READONLY_ROLLBACK', 'SQLITE_READONLY_RECOVERY'];

function needsRecovery(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && LEFT_BY_A_KILLED_WRITER.includes(thrown.code);
}

export function refuseNewer(version: number, path: string): void {
  if (version <= MIGRATIONS.length) return;
  throw new WfError(
    'E_DATABASE_NEWER',
    `the database ${path} was written by a newer wf (its version is ${version}, this wf knows ${MIGRATIONS.length})`,
    { hint: 'Use the newer wf, or choose another file with --db or WF_DB.' },
  );
}

function opened(
  path: string,
  options: ConnectOptions,
  mode: { readonly readonly: boolean },
  prepare: (db: Database.Database) => void,
): Database.Database {
  const before = identityOf(path);
  const db = new Connection(path, {
    ...mode,
    fileMustExist: true,
    timeout: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
  });
  try {
    db.pragma('trusted_schema = OFF');
    prepare(db);
    if (identityOf(path) !== before) {
      throw new WfError('E_DATABASE', `the database ${path} was replaced while wf opened it`, {
        hint: 'Do the same again.',
      });
    }
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/**
 * The version of a database of wf's, 0 for a new one. Looked at in one transaction: another process may be making it.
 * @throws WfError where it is another program's, or a newer wf's; nothing in it was altered.
 */
function inspect(db: Database.Database, path: string): number {
  // Asked first: another process that makes the database right now fills it before it keeps a reserve.
  const inUse = hasBeenInUse(path);
  return db.transaction(() => {
    const application = Number(db.pragma('application_id', { simple: true }));
    const version = versionOf(db);
    const holds = db.prepare('SELECT name FROM sqlite_schema').pluck().all();
    const isNew = application === 0 && version === 0 && holds.length === 0;
    if (isNew && inUse)
      throw damaged(path, 'it is empty, although it has been in use: its content, or its log, was lost');
    if (isNew) return 0;
    if (application !== APPLICATION_ID) {
      throw new WfError('E_DATABASE', `${path} is a database of another program`, {
        hint: 'Nothing in it was changed. Choose another file with --db or WF_DB.',
        details: { applicationId: application },
      });
    }
    refuseNewer(version, path);
    if (version < 1) throw damaged(path, 'its version is missing');
    if (version === MIGRATIONS.length) requireWhole(holds, path);
    return version;
  })();
}

/** @throws WfError E_DATABASE_DAMAGED where a table or an index of this version is missing. */
function requireWhole(holds: readonly unknown[], path: string): void {
  const missing = TABLES_AND_INDEXES.filter((name) => !holds.includes(name));
  if (missing.length > 0) throw damaged(path, `it lacks ${missing.join(', ')}`);
}

function inspectForReading(db: Database.Database, path: string): number {
  try {
    return inspect(db, path);
  } catch (thrown) {
    if (!(thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_CANTOPEN'))) throw thrown;
    if (isFull(path)) throw diskFull(path, thrown);
    throw readOnly(path, 'its write-ahead log needs a folder that can be written, even for reading', thrown);
  }
}

/** @throws WfError E_DATABASE where the file system cannot share memory between processes, which the log needs. */
function useWriteAheadLog(db: Database.Database, path: string): void {
  for (let tries = 1; ; tries++) {
    try {
      const mode = db.pragma('journal_mode = WAL', { simple: true });
      if (mode === 'wal') return;
      throw new WfError('E_DATABASE', `the file system of ${path} cannot hold a write-ahead log`, {
        hint: 'Keep the database on a local disk, not on a network share: --db or WF_DB choose another file.',
      });
    } catch (thrown) {
      const busy = thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY');
      if (!busy || tries >= WAL_TRIES) throw thrown;
    }
    // SQLite does not wait for the lock that the switch needs, but it does for this one.
    db.transaction(() => {}).immediate();
  }
}
