import { readdirSync, rmSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { lazy } from '../../engine/model/lazy.ts';
import { PinnedConnection } from '../../sqlite/pinned-connection.ts';
import { Statements } from '../../sqlite/statements.ts';
import { bootId } from '../processes/process.ts';

/** Longest wait for another process to write its few rows. A process that stays stopped meanwhile is reported. */
const BUSY_MS = 5_000;

/** Owner of a lock. */
export interface LockHolder {
  /** Name of its liveness socket. */
  readonly sign: string;
  readonly run: string;
  readonly pid: number;
  /** Distinguishes the process from a later one with its pid. */
  readonly startTime: string;
  /** The pid is valid only in this PID namespace. */
  readonly pidNamespace: string;
}

const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS locks (lock TEXT PRIMARY KEY, sign TEXT, run TEXT, pid INTEGER, startTime TEXT, pidNamespace TEXT) STRICT';

const holderSchema = lazy(() =>
  z.object({ sign: z.string(), run: z.string(), pid: z.number(), startTime: z.string(), pidNamespace: z.string() }),
);

/** Takes a lock, or returns its owner. */
export function takeRow(folder: string, lock: string, holder: LockHolder): LockHolder | null {
  return inTable(folder, (statements) => {
    const { changes } = statements.run(
      'INSERT INTO locks VALUES (@lock, @sign, @run, @pid, @startTime, @pidNamespace) ON CONFLICT DO NOTHING',
      { lock, ...holder },
    );
    return changes === 1 ? null : holderIn(statements, lock);
  });
}

export function readRow(folder: string, lock: string): LockHolder | null {
  return inTable(folder, (statements) => holderIn(statements, lock));
}

export function removeRow(folder: string, lock: string, sign: string): void {
  inTable(folder, (statements) =>
    statements.run('DELETE FROM locks WHERE lock = @lock AND sign = @sign', { lock, sign }),
  );
}

/** Removes all locks of a process that has ended. */
export function removeRowsOf(folder: string, sign: string): void {
  inTable(folder, (statements) => statements.run('DELETE FROM locks WHERE sign = @sign', { sign }));
}

export function signsIn(folder: string): readonly string[] {
  return z
    .array(z.string())
    .parse(inTable(folder, (statements) => statements.values('SELECT DISTINCT sign FROM locks')));
}

function holderIn(statements: Statements, lock: string): LockHolder | null {
  const row = statements.row('SELECT sign, run, pid, startTime, pidNamespace FROM locks WHERE lock = @lock', { lock });
  return row === undefined ? null : holderSchema().parse(row);
}

/**
 * Removes the tables of earlier boots, whose processes have all ended. Keeps one that was written since this boot: another machine that
 * shares the folder uses it, or the test kit, which imitates a boot.
 */
export function removeEarlierTables(folder: string): void {
  const own = path.basename(tableIn(folder));
  const bootedAt = Date.now() - uptime() * 1000;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('locks-') || name.startsWith(own)) continue;
    const file = path.join(folder, name);
    const found = statSync(file, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < bootedAt) rmSync(file, { force: true });
  }
}

/** Each boot has its own table: no lock outlives a boot, and a power failure may damage a file that is written without fsync. */
function tableIn(folder: string): string {
  return path.join(folder, `locks-${bootId()}.db`);
}

/** Runs the work in one short transaction. */
function inTable<Answer>(folder: string, work: (statements: Statements) => Answer): Answer {
  const file = tableIn(folder);
  try {
    const { db, statements } = openedTable(file);
    return db.transaction(() => work(statements)).immediate();
  } catch (thrown) {
    throw unknown(file, thrown);
  }
}

interface OpenTable {
  readonly db: PinnedConnection;
  readonly statements: Statements;
  readonly file: string;
  readonly inode: number;
}

let open: OpenTable | undefined;

/** Recreates the file if it was removed while the process runs. */
function openedTable(file: string): OpenTable {
  if (open?.file === file && open.inode === inodeOf(file)) return open;
  open?.db.close();
  open = undefined;
  const db = new PinnedConnection(file, { timeout: BUSY_MS });
  try {
    db.pragma('synchronous = OFF');
    // Creating and removing a journal for each lock takes longer than the lock itself.
    db.pragma('journal_mode = PERSIST');
    db.exec(`BEGIN IMMEDIATE; ${CREATE_TABLE}; COMMIT`);
    open = { db, statements: new Statements(db), file, inode: statSync(file).ino };
    return open;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

function unknown(file: string, cause: unknown): WfError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WfError('E_HOST_STATE_UNKNOWN', `${file}: cannot read or write the locks of this user's runs: ${why}`, {
    hint: `Find a stopped process that uses the file with \`fuser -v ${file}\`; if the file is damaged, end all runs of wf and remove it.`,
    transient: true,
    cause,
  });
}
