import type { Database } from 'better-sqlite3';
import { type ConnectOptions, refuseNewer } from './connect.ts';
import { withReserve } from './reserve.ts';
import type { Statements } from './statements.ts';

/** Does `work` in one transaction. */
export type Transact = <Result>(work: () => Result) => Result;

interface TransactionParts {
  readonly db: Database;
  readonly statements: Pick<Statements, 'version'>;
  readonly path: string;
  readonly options: ConnectOptions;
  /** Throws where the file that is written to is no longer the one that the path names. */
  requireInPlace(): void;
}

/**
 * IMMEDIATE transactions: when one returns, what it wrote is on disk, in a file that will be found again. Inside of another one
 * (`together`), it is a part of that.
 */
export function writeTransactions({ db, statements, path, options, requireInPlace }: TransactionParts): Transact {
  return (work) => {
    if (db.inTransaction) return work();
    return withReserve(path, options, () => {
      const transaction = db.transaction(() => {
        refuseNewer(Number(statements.version.get()), path);
        return work();
      });
      const result = transaction.immediate();
      // After the commit: a file that was deleted a moment before it would otherwise pass.
      requireInPlace();
      return result;
    });
  };
}
