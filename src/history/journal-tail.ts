import * as z from 'zod/mini';
import { CHANGE_STATUSES } from '../engine/model/change.ts';
import { lazy } from '../engine/model/lazy.ts';
import { STORED_RUN_STATUSES } from '../engine/ports/history.ts';
import type { Statements } from '../sqlite/statements.ts';
import { parseRow } from './rows/parse-row.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';

/** An entry in the journal of any run of this machine, as far as somebody counts it. */
export type CountedEntry = z.output<ReturnType<typeof countedEntry>>;

/** Reads the journals of all runs in the order of their commits. */
export interface JournalTail {
  /** Returns the position of the newest entry; 0 if there is none. It falls if the newest runs are pruned. */
  lastPosition(): number;
  /** Returns the counted entries after a position, up to another, without those of imported runs. */
  countedEntries(after: number, until: number): readonly CountedEntry[];
}

const countedEntry = lazy(() =>
  z.discriminatedUnion('type', [
    // The lease of a dead process.
    z.object({ type: z.literal('lease.taken') }),
    z.object({ type: z.enum(['step.retrying', 'step.stopped']), kind: z.string() }),
    // The time since the last attempt began.
    z.object({ type: z.enum(['step.succeeded', 'step.failed']), kind: z.string(), durationMs: z.number() }),
    z.object({
      type: z.literal('change.settled'),
      kind: z.string(),
      status: z.enum(CHANGE_STATUSES),
    }),
    // The kind is that of the request.
    z.object({ type: z.literal('answered'), kind: z.string(), status: z.enum(['handled', 'refused']) }),
    z.object({
      type: z.literal('ended'),
      workflow: z.string(),
      status: z.enum(STORED_RUN_STATUSES),
    }),
  ]),
);

/** When the attempt of an entry began, unless it is the first, which began with its step. */
const BEGUN_AGAIN_AT = `iif(journal.data ->> '$.attempt' > 1,
  (SELECT begun.at FROM journal AS begun
   WHERE begun.run = journal.run AND begun.seq < journal.seq AND begun.type = 'step.attempted'
     AND begun.data ->> '$.step' = journal.data ->> '$.step' ORDER BY begun.seq DESC LIMIT 1), NULL)`;

const QUERY = `SELECT journal.type, runs.workflow,
    CASE journal.type
      WHEN 'change.settled' THEN (SELECT changes.kind FROM changes
        WHERE changes.run = journal.run AND changes.seq = journal.data ->> '$.seq')
      WHEN 'answered' THEN (SELECT asked.data ->> '$.demand.kind' FROM journal AS asked
        WHERE asked.run = journal.run AND asked.seq = journal.data ->> '$.request')
      ELSE steps.kind END AS kind,
    journal.data ->> iif(journal.type = 'answered', '$.outcome.type', '$.status') AS status,
    max(0, journal.at - coalesce(${BEGUN_AGAIN_AT}, steps.started_at)) AS durationMs
  FROM journal JOIN runs ON runs.number = journal.run
    LEFT JOIN steps ON steps.run = journal.run AND steps.id = journal.data ->> '$.step'
  WHERE journal.number > @after AND journal.number <= @until AND runs.imported_from IS NULL AND (
    journal.type IN ('step.retrying', 'step.stopped', 'step.succeeded', 'step.failed', 'change.settled', 'answered', 'ended')
    OR (journal.type = 'lease.taken' AND journal.data -> '$.from' IS NOT NULL))
  ORDER BY journal.number`;

export function createJournalTail(statements: Statements, path: string): JournalTail {
  return {
    lastPosition: () =>
      withDatabaseErrors(path, () => Number(statements.value('SELECT max(number) FROM journal') ?? 0)),
    countedEntries: (after, until) =>
      withDatabaseErrors(path, () =>
        statements
          .rows(QUERY, { after, until })
          .map((row) => parseRow(countedEntry(), row, { path, table: 'journal', of: `an entry after ${after}` })),
      ),
  };
}
