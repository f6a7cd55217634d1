import * as z from 'zod/mini';
import type { Owner } from '../engine/model/identity/owner.ts';
import type { RunId, StepId } from '../engine/model/ids.ts';
import { lazy } from '../engine/model/lazy.ts';
import type { StoredEvidence, StoredRun } from '../engine/ports/history.ts';
import type { Statements } from '../sqlite/statements.ts';
import type { OpenCounts } from './open-counts.ts';
import { EVIDENCE_COLUMNS, evidenceRow } from './rows/evidence.ts';
import { parseRow } from './rows/parse-row.ts';
import { OWNER_COLUMNS, ownerColumns, ownerOf, RUN_COLUMNS, runRow } from './rows/run-row.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import { IN_PLACE } from './sqlite/schema.ts';

/** The changes in place on this host, and their runs, counted. */
export interface InPlaceCounts {
  readonly changes: number;
  readonly runs: number;
}

/** A piece of evidence with its position among those of its run, from 1. */
export interface PlacedEvidence {
  readonly ordinal: number;
  readonly evidence: StoredEvidence;
}

/** Reads for views of all runs: the limit of a query bounds its time, however many runs there are. */
export interface OverviewReader {
  /** Returns the unconfirmed runs, and the waiting ones that expect an event: the oldest of each, without imported ones. */
  askingRuns(limit: number): readonly StoredRun[];
  /** Counts the changes in place, without those of imported runs. */
  inPlaceCounts(): InPlaceCounts;
  /** Returns the runs that have changes in place, newest first, without imported ones; those older than `before`. */
  runsInPlace(limit: number, before?: RunId): readonly StoredRun[];
  /** Returns the processes that hold the leases of runs, dead or alive. */
  owners(): readonly Owner[];
  /** Returns evidence of a run after a position, of some steps or of all (null). */
  evidenceAfter(run: RunId, steps: readonly StepId[] | null, after: number, limit: number): readonly PlacedEvidence[];
}

const ownerRow = lazy(() => z.object(ownerColumns()));
const ordinalRow = lazy(() => z.object({ ordinal: z.number() }));

/** The changes in place of the runs of this machine. */
const FROM_IN_PLACE = `FROM changes JOIN runs ON runs.number = changes.run
  WHERE changes.${IN_PLACE} AND runs.imported_from IS NULL`;

/** Number of events that a waiting run expects, by the last entry about that. */
const EXPECTED_EVENTS = `(SELECT json_array_length(data, '$.events') FROM journal
  WHERE journal.run = runs.number AND journal.type = 'waiting' ORDER BY seq DESC LIMIT 1)`;

export function createOverviewReader(
  statements: Statements,
  path: string,
  { countChangesInPlace }: Pick<OpenCounts, 'countChangesInPlace'>,
): OverviewReader {
  const read = <Result>(work: () => Result): Result => withDatabaseErrors(path, work);
  const place = (table: string, id: unknown) => ({ path, table, of: `run ${id}` });

  const runsWhere = (condition: string, parameters: Readonly<Record<string, unknown>>): readonly StoredRun[] =>
    statements
      .rows(`SELECT ${RUN_COLUMNS} FROM runs WHERE ${condition}`, parameters)
      .map((row) => parseRow(runRow(), row, place('runs', row['id'])));

  return {
    askingRuns: (limit) =>
      read(() => {
        const oldest = (condition: string) =>
          runsWhere(`${condition} AND imported_from IS NULL ORDER BY created_at, id LIMIT @limit`, { limit });
        return [...oldest("status = 'unconfirmed'"), ...oldest(`status = 'waiting' AND ${EXPECTED_EVENTS} > 0`)];
      }),
    inPlaceCounts: () =>
      read(() => ({
        changes: countChangesInPlace(),
        runs: Number(statements.value(`SELECT count(DISTINCT changes.run) ${FROM_IN_PLACE}`)),
      })),
    runsInPlace: (limit, before) =>
      read(() =>
        runsWhere(
          `number IN (SELECT changes.run ${FROM_IN_PLACE}
             AND (@before IS NULL OR changes.run < (SELECT number FROM runs WHERE id = @before))
             GROUP BY changes.run ORDER BY changes.run DESC LIMIT @limit)
           ORDER BY number DESC`,
          { limit, before: before ?? null },
        ),
      ),
    owners: () =>
      read(() =>
        statements
          .rows(`SELECT DISTINCT ${OWNER_COLUMNS} FROM runs WHERE owner_pid IS NOT NULL`)
          .flatMap((row) => ownerOf(parseRow(ownerRow(), row, { path, table: 'runs', of: 'an owner' })) ?? []),
      ),
    evidenceAfter: (id, steps, after, limit) =>
      read(() =>
        statements
          .rows(
            `SELECT ordinal, ${EVIDENCE_COLUMNS} FROM evidence
             WHERE run = (SELECT number FROM runs WHERE id = @id) AND ordinal > @after
               AND (@steps IS NULL OR step IN (SELECT value FROM json_each(@steps)))
             ORDER BY ordinal LIMIT @limit`,
            { id, steps: steps && JSON.stringify(steps), after, limit },
          )
          .map((row) => ({
            ordinal: parseRow(ordinalRow(), row, place('evidence', id)).ordinal,
            evidence: parseRow(evidenceRow(), row, place('evidence', id)),
          })),
      ),
  };
}
