import { Statements } from '../sqlite/statements.ts';
import { createAgentRegistry } from './agent-work.ts';
import type { History } from './history.ts';
import { openReadOnly } from './open-read-only.ts';
import { createPruner } from './prune/pruner.ts';
import { createReader, type HistoryReader } from './reader.ts';
import { storeFleetCopy } from './rows/fleet-copies.ts';
import { type ConnectOptions, connect } from './sqlite/connect.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import { findDatabaseFile, prepareDatabaseFile, watchDatabaseFile } from './sqlite/database-file.ts';
import { rememberOpen } from './sqlite/file-header.ts';
import { groupCommits } from './sqlite/grouped-commits.ts';
import { freeReserve, keepReserve, withReserve } from './sqlite/reserve.ts';
import { writeTransactions } from './sqlite/transaction.ts';
import { createTombstones } from './tombstones.ts';
import { importRun } from './transfer/import-run.ts';
import { createWriter } from './writer.ts';

export type { HistoryReader } from './reader.ts';
export type { ConnectOptions } from './sqlite/connect.ts';

/**
 * Opens the history; creates the file (mode 0600) and its folder (0700) if they are absent. The caller closes it.
 * `PATH-reserve` keeps disk space for a rollback on a full disk, if there is room for it.
 * @throws WfError E_DATABASE_NEWER, E_DATABASE_DAMAGED, E_DATABASE_READONLY, E_DATABASE_LOCKED, E_DISK_FULL; E_DATABASE if the file
 * belongs to another program or cannot be used for another reason
 */
export function openHistory(path: string, options: ConnectOptions = {}): History {
  return withReserve(path, options, () => {
    const file = prepareDatabaseFile(path);
    const db = connect(file, options);
    rememberOpen(file, db);
    const statements = new Statements(db);
    keepReserve(file);
    const requireInPlace = watchDatabaseFile(file);
    const { write, timeCommits } = writeTransactions({ db, statements, path: file, options, requireInPlace });
    const group = groupCommits(db, write, file);
    const reader = createReader(db, statements, file);
    const pruner = createPruner({ db, statements, write, path: file, workflowNames: reader.workflowNames });
    return {
      ...reader,
      ...createWriter({ statements, write, path: file, requireInPlace }),
      groupedCommit: group.groupedCommit,
      timeCommits,
      ...pruner,
      ...createAgentRegistry(statements, write, requireInPlace, reader),
      ...createTombstones(statements, write, file),
      compact: (isAlive) => withDatabaseErrors(file, () => pruner.compact(isAlive)),
      importRun: (content, at) => write(() => importRun(statements, reader, content, at)),
      putFleetCopy: (copy) => write(() => storeFleetCopy(statements, copy)),
      freeReserve: () => withDatabaseErrors(file, () => freeReserve(file)),
      close() {
        group.commitNow();
        withDatabaseErrors(file, () => db.close());
      },
    };
  });
}

/**
 * Opens the history for reading; returns undefined if there is no file. Writes only if the database has no tables yet, or a killed
 * process left a transaction to roll back.
 * @throws WfError like {@link openHistory}
 */
export function openHistoryForReading(path: string, options: ConnectOptions = {}): HistoryReader | undefined {
  const reader = openReadOnly(path, options);
  if (reader !== undefined) return reader;
  return withReserve(path, options, () => {
    const file = findDatabaseFile(path);
    return file === undefined ? undefined : openHistory(file, options);
  });
}
