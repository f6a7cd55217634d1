import type { Database } from 'better-sqlite3';
import type { HistoryPort } from '../engine/ports/history.ts';
import { asDatabaseError } from './database-error.ts';
import type { HeldRuns } from './held-runs.ts';
import type { Transact } from './transaction.ts';

/** What one caller asks to be committed, and who is to be told. */
interface Asked {
  /** May be carried out more than once; only what the last one did counts. */
  work(): void;
  succeed(): void;
  fail(thrown: unknown): void;
}

/** What became of one caller's work in a commit that has returned. */
type Outcome = 'done' | { readonly thrown: unknown };

interface GroupCommits extends Pick<HistoryPort, 'together'> {
  /** Commits what was asked for in this turn, without waiting for its end. */
  commitNow(): void;
}

/**
 * Lets all that is asked for in one turn of the event loop share one commit: the disk is waited for once. Each caller is told
 * when that commit has returned, and of its own failure only.
 */
export function groupCommits(db: Database, write: Transact, heldRuns: HeldRuns, path: string): GroupCommits {
  let group: Asked[] = [];

  function commitGroup(): void {
    const asked = group;
    if (asked.length === 0) return;
    group = [];
    let outcomes: readonly Outcome[];
    try {
      outcomes = commit(asked);
    } catch (thrown) {
      for (const { fail } of asked) fail(thrown);
      return;
    }
    asked.forEach(({ succeed, fail }, index) => {
      const outcome = outcomes[index];
      if (outcome === 'done') succeed();
      else fail(outcome?.thrown);
    });
  }

  function commit(asked: readonly Asked[]): readonly Outcome[] {
    let isOwn = false;
    try {
      return write(() =>
        asked.map(({ work }) => {
          isOwn = true;
          work();
          isOwn = false;
          return 'done';
        }),
      );
    } catch (thrown) {
      // The commit itself failed: for all of them.
      if (!isOwn) throw thrown;
      return asked.length === 1 ? [{ thrown }] : commitEachForItself(asked);
    }
  }

  /** One of them has failed, which undid the work of all: with a savepoint around each, it undoes its own only. */
  function commitEachForItself(asked: readonly Asked[]): readonly Outcome[] {
    return write(() =>
      asked.map(({ work }): Outcome => {
        try {
          db.transaction(work)();
          return 'done';
        } catch (thrown) {
          // Of what it had written before it failed nothing is left.
          heldRuns.clear();
          // SQLite has given up the whole transaction (a full disk, say).
          if (!db.inTransaction) throw thrown;
          return { thrown: asDatabaseError(thrown, path) };
        }
      }),
    );
  }

  return {
    commitNow: commitGroup,
    together: <Answer>(work: () => Answer) =>
      new Promise<Answer>((resolve, reject) => {
        let answer: Answer;
        if (group.length === 0) setImmediate(commitGroup);
        group.push({
          work: () => {
            answer = work();
          },
          succeed: () => resolve(answer),
          fail: reject,
        });
      }),
  };
}
