import type { HeldRuns } from './held-runs.ts';
import type { History } from './history.ts';
import { createPruner } from './prune/prune.ts';
import { createReader, type HistoryReader } from './reader.ts';
import { prepareReadingStatements } from './reading-statements.ts';
import { type ConnectOptions, connect, connectForReading } from './sqlite/connect.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import { findDatabaseFile, prepareDatabaseFile, watchDatabaseFile } from './sqlite/database-file.ts';
import { rememberOpen } from './sqlite/file-header.ts';
import { groupCommits } from './sqlite/grouped-commits.ts';
import { freeReserve, keepReserve, withReserve } from './sqlite/reserve.ts';
import { prepareStatements } from './sqlite/statements.ts';
import { writeTransactions } from './sqlite/transaction.ts';
import { importRun } from './transfer/import-run.ts';
import { createWriter } from './writer.ts';

export type { HistoryReader } from './reader.ts';
export type { ConnectOptions } from './sqlite/connect.ts';

/**
 * Opens the history, and makes the file (mode 0600) and its folder (0700) where they are absent. Close it after use.
 * Where there is room, `PATH-reserve` keeps disk space for a rollback on a full disk.
 * @throws WfError E_DATABASE_NEWER, E_DATABASE_DAMAGED, E_DATABASE_READONLY, E_DATABASE_LOCKED, E_DISK_FULL; E_DATABASE
 * where it is another program's file, or does not work for another reason.
 */
export function openHistory(path: string, options: ConnectOptions = {}): History {
  return withReserve(path, options, () => {
    const file = prepareDatabaseFile(path);
    const db = connect(file, options);
    const forget = rememberOpen(file);
    const statements = prepareStatements(db);
    keepReserve(file);
    const requireInPlace = watchDatabaseFile(file);
    const heldRuns: HeldRuns = new Map();
    const write = writeTransactions({ db, statements, heldRuns, path: file, options, requireInPlace });
    const group = groupCommits(db, write, heldRuns, file);
    const reader = createReader(db, statements, file);
    const pruner = createPruner({
      db,
      write: (work) =>
        write(() => {
          // Runs that are held may be among those that go.
          heldRuns.clear();
          return work();
        }),
      path: file,
      workflowNames: reader.workflowNames,
    });
    return {
      ...reader,
      ...createWriter({ statements, heldRuns, write, path: file, requireInPlace }),
      together: group.together,
      ...pruner,
      compact: (isAlive) => withDatabaseErrors(file, () => pruner.compact(isAlive)),
      importRun: (content, at) => write(() => importRun(statements, reader, content, at)),
      freeReserve: () => withDatabaseErrors(file, () => freeReserve(file)),
      close() {
        group.commitNow();
        withDatabaseErrors(file, () => db.close());
        forget();
      },
    };
  });
}

/**
 * Opens the history to read what is there; undefined where there is no file. Writes nothing, unless the database is of
 * an older wf: then it is brought to this version first, as openHistory does it.
 * @throws WfError as openHistory does.
 */
export function openHistoryForReading(path: string, options: ConnectOptions = {}): HistoryReader | undefined {
  return withReserve(path, options, () => {
    const file = findDatabaseFile(path);
    if (file === undefined) return undefined;
    const db = connectForReading(file, options);
    if (db === undefined) return openHistory(file, options);
    const forget = rememberOpen(file);
    return {
      ...createReader(db, prepareReadingStatements(db), file),
      close() {
        withDatabaseErrors(file, () => db.close());
        forget();
      },
    };
  });
}
