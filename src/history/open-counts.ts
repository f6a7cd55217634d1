import type { Database } from 'better-sqlite3';
import * as z from 'zod/mini';
import type { Owner } from '../engine/model/identity/owner.ts';
import { lazy } from '../engine/model/lazy.ts';
import { isEnd, STORED_RUN_STATUSES, type StoredRunStatus } from '../engine/ports/history.ts';
import type { Statements } from '../sqlite/statements.ts';
import { parseRow } from './rows/parse-row.ts';
import { OWNER_COLUMNS, ownerColumns, ownerOf } from './rows/run-row.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import { IN_PLACE } from './sqlite/schema.ts';

/** The statuses of a run that has not ended, or needs attention. */
export const OPEN_STATUSES = STORED_RUN_STATUSES.filter((status) => !isEnd(status) || status === 'needs-attention');

/** A number of runs with one status. */
export interface RunCount {
  readonly status: StoredRunStatus;
  /** The holder of their lease; null if none does. */
  readonly owner: Owner | null;
  readonly count: number;
}

/** Counts open items of this machine, by indexes that do not grow with the runs that have ended well. Ignores imported runs. */
export interface OpenCounts {
  /** Counts the runs that have not ended, or need attention: each one with an owner by itself, all others by their status. */
  countOpenRuns(): readonly RunCount[];
  /** Counts the changes in place on this host (`isInPlace`). */
  countChangesInPlace(): number;
  /** Counts the requests without an answer. `oldestAt`: the time of the oldest; null if there is none. */
  countOpenRequests(): { readonly count: number; readonly oldestAt: number | null };
}

const ownedRow = lazy(() => z.object({ status: z.string(), ...ownerColumns() }));
const requestsRow = lazy(() => z.object({ count: z.number(), oldestAt: z.nullable(z.number()) }));

export function createOpenCounts(db: Database, statements: Statements, path: string): OpenCounts {
  const read = <Result>(work: () => Result): Result => withDatabaseErrors(path, work);
  const count = (sql: string, parameters = {}) => Number(statements.value(sql, parameters));

  return {
    countOpenRuns: () =>
      read(
        db.transaction(() => {
          const owned = statements
            .rows(`SELECT status, ${OWNER_COLUMNS} FROM runs WHERE owner_pid IS NOT NULL`)
            .map((row) => parseRow(ownedRow(), row, { path, table: 'runs', of: 'a run with an owner' }));
          return OPEN_STATUSES.flatMap((status): readonly RunCount[] => {
            const counts = owned
              .filter((row) => row.status === status)
              .map((row) => ({ status, owner: ownerOf(row), count: 1 }));
            const all = count('SELECT count(*) FROM runs WHERE status = @status', { status });
            const imported = count('SELECT count(*) FROM runs WHERE imported_from IS NOT NULL AND status = @status', {
              status,
            });
            return [...counts, { status, owner: null, count: all - imported - counts.length }];
          });
        }),
      ),
    countChangesInPlace: () =>
      read(
        db.transaction(() => {
          const all = count(`SELECT count(*) FROM changes WHERE ${IN_PLACE}`);
          const imported = count(
            `SELECT coalesce(sum((SELECT count(*) FROM changes WHERE changes.run = runs.number AND changes.${IN_PLACE})), 0)
             FROM runs WHERE imported_from IS NOT NULL`,
          );
          return all - imported;
        }),
      ),
    countOpenRequests: () =>
      read(() => {
        const row = statements.row(
          `SELECT count(*) AS count, min(journal.at) AS oldestAt
           FROM open_requests JOIN runs ON runs.number = open_requests.run
             JOIN journal ON journal.run = open_requests.run AND journal.seq = open_requests.seq
           WHERE imported_from IS NULL`,
        );
        return parseRow(requestsRow(), row, { path, table: 'open_requests', of: 'all' });
      }),
  };
}
