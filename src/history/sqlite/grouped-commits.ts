import type { Database } from 'better-sqlite3';
import type { HistoryPort } from '../../engine/ports/history.ts';
import type { HeldRuns } from '../held-runs.ts';
import { asDatabaseError } from './database-error.ts';
import type { Transact } from './transaction.ts';

/** What one caller asks to be committed, and who is to be told. */
interface Asked {
  /** May be carried out more than once; only what the last one did counts. */
  carryOut(): void;
  succeed(): void;
  fail(thrown: unknown): void;
}

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
    let failures: ReadonlyMap<Asked, unknown>;
    try {
      failures = commit(asked);
    } catch (thrown) {
      for (const each of asked) each.fail(thrown);
      return;
    }
    for (const each of asked) {
      if (failures.has(each)) each.fail(failures.get(each));
      else each.succeed();
    }
  }

  /** Answers by what those failed that did; the others were committed. */
  function commit(asked: readonly Asked[]): ReadonlyMap<Asked, unknown> {
    let current: Asked | undefined;
    try {
      write(() => {
        for (const each of asked) {
          current = each;
          each.carryOut();
        }
        current = undefined;
      });
      return NO_FAILURES;
    } catch (thrown) {
      // The commit itself failed: for all of them.
      if (current === undefined) throw thrown;
      return asked.length === 1 ? new Map([[current, thrown]]) : commitEachForItself(asked);
    }
  }

  /** One of them has failed, which undid the work of all: with a savepoint around each, it undoes its own only. */
  function commitEachForItself(asked: readonly Asked[]): ReadonlyMap<Asked, unknown> {
    return write(() => {
      const failures = new Map<Asked, unknown>();
      for (const each of asked) {
        try {
          db.transaction(() => each.carryOut())();
        } catch (thrown) {
          // Of what it had written before it failed nothing is left.
          heldRuns.clear();
          // SQLite has given up the whole transaction (a full disk, say).
          if (!db.inTransaction) throw thrown;
          failures.set(each, asDatabaseError(thrown, path));
        }
      }
      return failures;
    });
  }

  return {
    commitNow: commitGroup,
    together: <Answer>(work: () => Answer) =>
      new Promise<Answer>((resolve, reject) => {
        if (group.length === 0) setImmediate(commitGroup);
        group.push(new Request(work, resolve, reject));
      }),
  };
}

const NO_FAILURES: ReadonlyMap<Asked, unknown> = new Map();

/** Of a class, as one is made with every step: closures would each be another object. */
class Request<Answer> implements Asked {
  readonly #work: () => Answer;
  readonly #resolve: (answer: Answer) => void;
  readonly fail: (thrown: unknown) => void;
  /** Undefined until the work was carried out. */
  #done: { readonly answer: Answer } | undefined;

  constructor(work: () => Answer, resolve: (answer: Answer) => void, fail: (thrown: unknown) => void) {
    this.#work = work;
    this.#resolve = resolve;
    this.fail = fail;
  }

  carryOut(): void {
    this.#done = { answer: this.#work() };
  }

  succeed(): void {
    if (this.#done !== undefined) this.#resolve(this.#done.answer);
  }
}
