import fs from 'node:fs';
import type { Database } from 'better-sqlite3';
import { WfError } from '../../engine/model/errors.ts';
import { damaged } from './database-error.ts';
import { APPLICATION_ID } from './schema.ts';
import { hasBeenInUse, journalOf, walOf } from './side-files.ts';

/** Offsets in the first page: https://www.sqlite.org/fileformat.html, 1.3 and 1.6. */
const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
const USER_VERSION = 60;
const APPLICATION = 68;
const TABLES_ON_FIRST_PAGE = 103;
const HEADER_BYTES = 108;
/** Offsets in the header of a rollback journal: the same document, 3. */
const JOURNAL_MAGIC = Buffer.from('d9d505f920a163d7', 'hex');
const PAGES_BEFORE = 16;
const JOURNAL_HEADER_BYTES = 28;

/**
 * The connections of this process by the identity of their file. This module does not read such a file: closing it would drop the POSIX
 * locks of SQLite (https://www.sqlite.org/howtocorrupt.html, 2.2). Weak: a connection that nobody refers to closes itself, and the kernel
 * gives the identity of a deleted file to another one.
 */
const openHere = new Map<string, readonly WeakRef<Database>[]>();

/** Records that this process has a database open, for as long as the connection is. */
export function rememberOpen(path: string, db: Database): void {
  const identity = identityOf(path) ?? '';
  openHere.set(identity, [...openConnections(identity), new WeakRef(db)]);
}

function openConnections(identity: string): readonly WeakRef<Database>[] {
  const open = (openHere.get(identity) ?? []).filter((connection) => connection.deref()?.open);
  if (open.length === 0) openHere.delete(identity);
  return open;
}

/**
 * Refuses a file that is neither a database of wf nor empty, before SQLite opens it: SQLite would apply the log of another program.
 * @throws WfError E_DATABASE, E_DATABASE_DAMAGED
 */
export function requireOwnDatabase(path: string): void {
  if (openConnections(identityOf(path) ?? '').length > 0) return;
  refuseEmptyFileWithLog(path);
  if (firstBytes(path, HEADER_BYTES).length === 0 || isBeingCreated(path)) return;
  // Read again: another process may have created the database in the meantime.
  requireOwnHeader(firstBytes(path, HEADER_BYTES), path);
}

function requireOwnHeader(header: Buffer, path: string): void {
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
    if (hasBeenInUse(path)) throw damaged(path, 'its first page is not that of a database');
    throw notOwn(path, 'is not a database of wf', null);
  }
  const application = header.readInt32BE(APPLICATION);
  if (application === APPLICATION_ID) return;
  // A new database is empty, or has all its content in its log.
  const isNew = header.readInt32BE(USER_VERSION) === 0 && header.readUInt16BE(TABLES_ON_FIRST_PAGE) === 0;
  if (application !== 0 || !isNew) throw notOwn(path, 'is a database of another program', application);
}

function notOwn(path: string, what: string, applicationId: number | null): WfError {
  return new WfError('E_DATABASE', `${path} ${what}`, {
    hint: 'Nothing in it was changed. Choose another file with --db or WF_DB.',
    details: { applicationId },
  });
}

function firstBytes(path: string, bytes: number): Buffer {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  const file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const beginning = Buffer.alloc(bytes);
    return beginning.subarray(0, fs.readSync(file, beginning, 0, bytes, 0));
  } finally {
    fs.closeSync(file);
  }
}

/** Returns whether the first transaction is unfinished: according to its journal, the file was empty before. */
function isBeingCreated(path: string): boolean {
  const journal = journalOf(path);
  if (fs.lstatSync(journal, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const header = unlessGone(() => firstBytes(journal, JOURNAL_HEADER_BYTES));
  if (header === undefined) return false;
  if (header.length < JOURNAL_HEADER_BYTES || !header.subarray(0, JOURNAL_MAGIC.length).equals(JOURNAL_MAGIC))
    return false;
  return header.readUInt32BE(PAGES_BEFORE) === 0;
}

/** Returns undefined if the file was deleted in the meantime. */
function unlessGone<Read>(read: () => Read): Read | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/**
 * SQLite takes an empty file for a new database and deletes its log; such a log means that runs were lost.
 * The log is checked first: a process that creates the database fills the file before the log.
 */
function refuseEmptyFileWithLog(path: string): void {
  const log = fs.statSync(walOf(path), { throwIfNoEntry: false });
  if (log === undefined || log.size === 0 || fs.statSync(path).size > 0) return;
  throw damaged(path, `it is empty, but ${walOf(path)} is not`);
}

/** Returns device and inode; undefined if the file is absent. Inodes need all 64 bits. */
export function identityOf(path: string): string | undefined {
  const found = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
