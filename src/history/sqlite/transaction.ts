import type { Database } from 'better-sqlite3';
import type { HeldRuns } from '../held-runs.ts';
import { type ConnectOptions, refuseNewer } from './connect.ts';
import { withReserve } from './reserve.ts';
import type { Statements } from './statements.ts';

/** Does `work` in one transaction. */
export type Transact = <Result>(work: () => Result) => Result;

interface TransactionParts {
  readonly db: Database;
  readonly statements: Pick<Statements, 'version' | 'dataVersion'>;
  readonly heldRuns: HeldRuns;
  readonly path: string;
  readonly options: ConnectOptions;
  /** Throws where the file that is written to is no longer the one that the path names. */
  requireInPlace(): void;
}

/**
 * IMMEDIATE transactions: when one returns, what it wrote is on disk, in a file that will be found again. Inside of another one
 * (`together`), it is a part of that.
 */
export function writeTransactions({
  db,
  statements,
  heldRuns,
  path,
  options,
  requireInPlace,
}: TransactionParts): Transact {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollBack = db.prepare('ROLLBACK');
  /**
   * Up to where this connection knows what was committed: SQLite's number for it is another one after each commit of another
   * connection. None while a transaction is not committed, nor after one that never was.
   */
  let knownUpTo: unknown;

  // What `db.transaction` would do, which takes as long to be made, each time, as a small one to be carried out.
  const committed: Transact = (work) => {
    begin.run();
    try {
      // From here on nobody else can write.
      const version = statements.dataVersion().get();
      if (version !== knownUpTo) {
        heldRuns.clear();
        refuseNewer(Number(statements.version().get()), path);
      }
      knownUpTo = undefined;
      const result = work();
      commit.run();
      knownUpTo = version;
      return result;
    } catch (thrown) {
      // SQLite may have given it up by itself (a full disk, say).
      if (db.inTransaction) rollBack.run();
      throw thrown;
    }
  };

  return (work) => {
    if (db.inTransaction) return work();
    return withReserve(path, options, () => {
      const result = committed(work);
      // After the commit: a file that was deleted a moment before it would otherwise pass.
      requireInPlace();
      return result;
    });
  };
}
