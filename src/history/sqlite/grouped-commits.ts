import type { Database } from 'better-sqlite3';
import type { HistoryPort } from '../../engine/ports/history.ts';
import { asDatabaseError } from './database-error.ts';
import type { Transact } from './transaction.ts';

/** Work of one caller, and how to settle its promise. */
interface Request {
  /** May run more than once; the last time counts. */
  carryOut(): void;
  succeed(): void;
  fail(thrown: unknown): void;
}

interface GroupedCommits extends Pick<HistoryPort, 'groupedCommit'> {
  /** Commits the requests so far without waiting for the end of the turn. */
  commitNow(): void;
}

const NO_FAILURES: ReadonlyMap<Request, unknown> = new Map();

/**
 * Lets all requests of one turn of the event loop share one commit, so that they wait for the disk once. A promise settles after that
 * commit has returned, and rejects only for a failure of its own request.
 */
export function groupCommits(db: Database, write: Transact, path: string): GroupedCommits {
  let group: Request[] = [];

  function commitGroup(): void {
    const requests = group;
    if (requests.length === 0) return;
    group = [];
    let failures: ReadonlyMap<Request, unknown>;
    try {
      failures = commit(requests);
    } catch (thrown) {
      for (const request of requests) request.fail(thrown);
      return;
    }
    for (const request of requests) {
      if (failures.has(request)) request.fail(failures.get(request));
      else request.succeed();
    }
  }

  /** Returns the failed requests with what they threw; all others are committed. */
  function commit(requests: readonly Request[]): ReadonlyMap<Request, unknown> {
    let current: Request | undefined;
    try {
      write(() => {
        for (const request of requests) {
          current = request;
          request.carryOut();
        }
        current = undefined;
      });
      return NO_FAILURES;
    } catch (thrown) {
      // The commit itself failed, for all requests.
      if (current === undefined) throw thrown;
      return requests.length === 1 ? new Map([[current, thrown]]) : commitWithSavepoints(requests);
    }
  }

  /** Repeats a group in which a request failed: a savepoint around each request undoes only that request. */
  function commitWithSavepoints(requests: readonly Request[]): ReadonlyMap<Request, unknown> {
    return write(() => {
      const failures = new Map<Request, unknown>();
      for (const request of requests) {
        try {
          db.transaction(() => request.carryOut())();
        } catch (thrown) {
          // SQLite has rolled back the whole transaction (for example on a full disk).
          if (!db.inTransaction) throw thrown;
          failures.set(request, asDatabaseError(thrown, path));
        }
      }
      return failures;
    });
  }

  return {
    commitNow: commitGroup,
    groupedCommit: <Answer>(work: () => Answer) =>
      new Promise<Answer>((resolve, reject) => {
        if (group.length === 0) setImmediate(commitGroup);
        let done: { readonly answer: Answer } | undefined;
        group.push({
          carryOut() {
            done = { answer: work() };
          },
          succeed() {
            if (done !== undefined) resolve(done.answer);
          },
          fail: reject,
        });
      }),
  };
}
