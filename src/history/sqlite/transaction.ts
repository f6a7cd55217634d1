import type { Database } from 'better-sqlite3';
import { WfError } from '../../engine/model/errors.ts';
import type { Statements } from '../../sqlite/statements.ts';
import { type ConnectOptions, refuseNewer } from './connect.ts';
import { withReserve } from './reserve.ts';

/** Runs `work` in one transaction and returns its result. */
export type Transact = <Result>(work: () => Result) => Result;

/** Starts a timer, and returns the function that stops it. */
export type StartTimer = () => () => void;

interface WriteTransactions {
  readonly write: Transact;
  /** Measures each commit from now on: the wait for other writers, the work, and the wait for the disk. */
  timeCommits(start: StartTimer): void;
}

interface TransactionDependencies {
  readonly db: Database;
  readonly statements: Statements;
  readonly path: string;
  readonly options: ConnectOptions;
  /** Throws unless the path leads to the open file. */
  requireInPlace(): void;
}

/**
 * Returns `write`, which runs work in an IMMEDIATE transaction: when it returns, the writes are on disk, in a file that the path leads
 * to. Inside another transaction (a grouped commit), the work becomes part of that one.
 */
export function writeTransactions({
  db,
  statements,
  path,
  options,
  requireInPlace,
}: TransactionDependencies): WriteTransactions {
  let startTimer: StartTimer | undefined;
  // Created once: creating it takes longer than beginning and ending a transaction.
  const transaction = db.transaction((work: () => unknown) => {
    // A newer wf may have changed the tables since this process opened the database.
    refuseNewer(Number(statements.value('PRAGMA user_version')), path);
    return work();
  });
  const write = <Result>(work: () => Result): Result => {
    if (db.inTransaction) return work();
    return withReserve(path, options, () => {
      let result: () => Result = notRun;
      const stopTimer = startTimer?.();
      transaction.immediate(() => {
        const done = work();
        result = () => done;
        return done;
      });
      stopTimer?.();
      // Checked after the commit, to detect a file that was deleted just before it.
      requireInPlace();
      return result();
    });
  };
  return {
    write,
    timeCommits(start) {
      startTimer = start;
    },
  };
}

function notRun(): never {
  throw new WfError('E_INTERNAL', 'a transaction was committed without its work', { hint: 'Report this.' });
}
