import { Statements } from '../sqlite/statements.ts';
import { createReader, type HistoryReader } from './reader.ts';
import { type ConnectOptions, connectForReading } from './sqlite/connect.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import { findDatabaseFile } from './sqlite/database-file.ts';
import { rememberOpen } from './sqlite/file-header.ts';
import { withReserve } from './sqlite/reserve.ts';

/**
 * Opens the history for reading, and writes nothing. Returns undefined if there is no file, or if reading it requires writing.
 * Separate from open.ts: a command that only reads need not load the code that writes.
 * @throws WfError like `openHistory`
 */
export function openReadOnly(path: string, options: ConnectOptions = {}): HistoryReader | undefined {
  return withReserve(path, options, () => {
    const file = findDatabaseFile(path);
    const db = file === undefined ? undefined : connectForReading(file, options);
    if (file === undefined || db === undefined) return undefined;
    rememberOpen(file, db);
    return {
      ...createReader(db, new Statements(db), file),
      close() {
        withDatabaseErrors(file, () => db.close());
      },
    };
  });
}
