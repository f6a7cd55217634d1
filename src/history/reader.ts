import type { Database } from 'better-sqlite3';
import * as z from 'zod/mini';
import { WfError } from '../engine/model/errors.ts';
import { runIdSchema } from '../engine/model/identity/identity-schemas.ts';
import type { RunId } from '../engine/model/ids.ts';
import { lazy } from '../engine/model/lazy.ts';
import type { HistoryPort, RunFilter, StoredRun } from '../engine/ports/history.ts';
import { runNotFound } from '../engine/run/run-refusal.ts';
import type { Row, Statements } from '../sqlite/statements.ts';
import { type AgentWorkReader, createAgentWorkReader } from './agent-work.ts';
import { createJournalTail, type JournalTail } from './journal-tail.ts';
import { createOpenCounts, type OpenCounts } from './open-counts.ts';
import { createOverviewReader, type OverviewReader } from './overview.ts';
import { type PrunePlan, type PruneRequest, prunePlan } from './prune/plan.ts';
import { type Space, spaceOf } from './prune/space.ts';
import { CHANGE_COLUMNS, changeOfRunRow, changeRow } from './rows/change-row.ts';
import { EVIDENCE_COLUMNS, evidenceRow } from './rows/evidence.ts';
import { readFingerprint } from './rows/fingerprints.ts';
import {
  type FleetCopy,
  type FleetCopyFilter,
  type FleetCopySummary,
  listFleetCopies,
  readFleetCopy,
} from './rows/fleet-copies.ts';
import { JOURNAL_COLUMNS, parseJournalRow } from './rows/journal-row.ts';
import { jsonText, parseRow } from './rows/parse-row.ts';
import { PLAN_QUERY, planRow } from './rows/plan-row.ts';
import { RETRY_DUE, RUN_COLUMNS, runRow } from './rows/run-row.ts';
import { STEP_COLUMNS, stepRow } from './rows/step-row.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import { IN_PLACE, UNENDED } from './sqlite/schema.ts';
import { runFileContent } from './transfer/export-run.ts';
import type { RunFileContent } from './transfer/run-file.ts';
import { unendedRun } from './unended-run.ts';
import type { HistoryWriter } from './writer.ts';

/** A history opened for reading. */
export interface HistoryReader
  extends Omit<HistoryPort, keyof HistoryWriter | 'groupedCommit' | 'freeReserve'>,
    AgentWorkReader,
    OverviewReader,
    JournalTail,
    OpenCounts {
  /** Reads everything that `work` reads at one moment, whatever others commit meanwhile. */
  atOneMoment<Result>(work: () => Result): Result;
  /** Returns the number of pieces of evidence of a run. */
  evidenceCount(run: RunId): number;
  /** Returns the oldest run of a workflow that has not ended, without imported ones. */
  unendedRun(workflow: string): RunId | undefined;
  /** Names of the workflows that have runs, sorted. */
  workflowNames(): readonly string[];
  /** Returns the copy of a fleet run that has ended. */
  fleetCopy(id: string): FleetCopy | undefined;
  /** Lists the copies of fleet runs, newest first. */
  fleetCopies(filter: FleetCopyFilter): readonly FleetCopySummary[];
  /** Reads the content of a run file at one moment. @param machine name of this machine @throws WfError E_RUN_NOT_FOUND */
  exportRun(id: RunId, machine: string): RunFileContent;
  /** Returns what pruning would remove. */
  prunePlan(request: PruneRequest): PrunePlan;
  space(): Space;
}

const openRequestRow = lazy(() => z.object({ run: runIdSchema(), number: z.number() }));

/** Condition for the rows of the run with the id `@id`. */
const OF_RUN = 'run = (SELECT number FROM runs WHERE id = @id)';

export function createReader(db: Database, statements: Statements, path: string): Omit<HistoryReader, 'close'> {
  const read = <Result>(work: () => Result): Result => withDatabaseErrors(path, work);
  const place = (table: string, id: unknown) => ({ path, table, of: `run ${id}` });
  const parseRun = (row: Row): StoredRun => parseRow(runRow(), row, place('runs', row['id']));

  /** Returns the position of a run in the list of all runs. @throws WfError E_RUN_NOT_FOUND */
  function positionOf(id: RunId) {
    const createdAt = statements.value('SELECT created_at FROM runs WHERE id = @id', { id });
    if (createdAt !== undefined) return { createdAt: Number(createdAt), id };
    throw new WfError('E_RUN_NOT_FOUND', `there is no run ${id} to continue the list from`, {
      hint: 'Begin with the newest run: `wf runs`.',
    });
  }

  /** Returns the runs older than a position, newest first; or those newer than a position, oldest first. */
  function listed(filter: RunFilter): readonly StoredRun[] {
    const { workflow, status, before, after, limit } = filter;
    const { since = Number.MIN_SAFE_INTEGER, until = Number.MAX_SAFE_INTEGER } = filter;
    const isForward = after !== undefined;
    const [other, order] = isForward ? ['created_at < @until', 'ASC'] : ['created_at >= @since', 'DESC'];
    const at = (isForward ? [after] : before === undefined ? [] : [before]).map(positionOf)[0];
    const bound = { createdAt: isForward ? since : until, id: '' };
    const isBeyond = at !== undefined && (isForward ? at.createdAt >= since : at.createdAt < until);
    // Without it, the query planner would search by only one of the two columns.
    const index = workflow === undefined || status === undefined ? '' : 'INDEXED BY runs_of_workflow_and_status';
    const conditions = [
      ...(workflow === undefined ? [] : ['workflow = @workflow']),
      ...(status === undefined ? [] : ['status = @status']),
      `${other} AND (created_at, id) ${isForward ? '>' : '<'} (@createdAt, @id)`,
    ];
    return statements
      .rows(
        `SELECT ${RUN_COLUMNS} FROM runs ${index} WHERE ${conditions.join(' AND ')}
         ORDER BY created_at ${order}, id ${order} LIMIT @limit`,
        { workflow, status, since, until, limit: requireLimit(limit), ...(isBeyond ? at : bound) },
      )
      .map(parseRun);
  }

  const counts = createOpenCounts(db, statements, path);
  const reader: Omit<HistoryReader, 'close'> = {
    ...createAgentWorkReader(statements, path),
    ...createOverviewReader(statements, path, counts),
    atOneMoment: (work) => read(() => db.transaction(work)()),
    ...createJournalTail(statements, path),
    ...counts,
    run: (id) =>
      read(() => {
        const row = statements.row(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = @id`, { id });
        return row && parseRun(row);
      }),
    runs: (filter) => read(() => listed(filter)),
    unfinishedRuns: () =>
      read(() =>
        statements
          .rows(
            `SELECT ${RUN_COLUMNS} FROM runs
             WHERE imported_from IS NULL AND (${UNENDED}
               OR (number IN (SELECT run FROM open_requests) AND ${RETRY_DUE}))
             ORDER BY created_at DESC, id DESC`,
          )
          .map(parseRun),
      ),
    unendedRun: (workflow) => read(() => unendedRun(statements, workflow, path)),
    claimsOf: (id) =>
      read(() =>
        statements
          .values(`SELECT resource FROM claims WHERE ${OF_RUN} ORDER BY resource`, { id })
          .map((resource) => parseRow(z.string(), resource, place('claims', id))),
      ),
    runIds: (prefix, limit) =>
      read(() => {
        // Every id with the prefix is below the prefix followed by the last character.
        const range = prefix === '' ? '' : 'WHERE id >= @prefix AND id < @prefix || char(0x10FFFF)';
        return statements
          .values(`SELECT id FROM runs ${range} ORDER BY created_at DESC, id DESC LIMIT @limit`, {
            prefix,
            limit: requireLimit(limit),
          })
          .map((id) => parseRow(runIdSchema(), id, place('runs', id)));
      }),
    workflowNames: () =>
      read(() =>
        statements
          .values(
            // Seeks from each name to the next one in the index, however many runs there are.
            `WITH RECURSIVE names (name) AS (
               SELECT min(workflow) FROM runs
               UNION ALL SELECT (SELECT min(workflow) FROM runs WHERE workflow > names.name) FROM names WHERE name IS NOT NULL
             ) SELECT name FROM names WHERE name IS NOT NULL`,
          )
          .map((name) => parseRow(z.string(), name, { path, table: 'runs', of: `workflow ${name}` })),
      ),
    journal: (id, after = 0, limit = ALL) =>
      read(() =>
        statements
          .rows(`SELECT ${JOURNAL_COLUMNS} FROM journal WHERE ${OF_RUN} AND seq > @after ORDER BY seq LIMIT @limit`, {
            id,
            after,
            limit,
          })
          .map((row) => parseJournalRow(row, place('journal', id))),
      ),
    steps: (id) =>
      read(() =>
        statements
          .rows(`SELECT ${STEP_COLUMNS} FROM steps WHERE ${OF_RUN} ORDER BY number`, { id })
          .map((row) => parseRow(stepRow(), row, place('steps', id))),
      ),
    changes: (id) =>
      read(() =>
        statements
          .rows(`SELECT ${CHANGE_COLUMNS} FROM changes WHERE ${OF_RUN} ORDER BY seq`, { id })
          .map((row) => parseRow(changeRow(), row, place('changes', id))),
      ),
    changesInPlace: () =>
      read(() =>
        statements
          .rows(
            `SELECT runs.id AS run, ${CHANGE_COLUMNS} FROM changes JOIN runs ON runs.number = changes.run
             WHERE changes.${IN_PLACE} AND runs.imported_from IS NULL ORDER BY changes.run, seq`,
          )
          .map((row) => parseRow(changeOfRunRow(), row, place('changes', row['run']))),
      ),
    evidence: (id, step, after = 0) =>
      read(() =>
        statements
          .rows(
            `SELECT ${EVIDENCE_COLUMNS} FROM evidence
             WHERE ${OF_RUN} AND ordinal > @after AND (@step IS NULL OR step = @step) ORDER BY ordinal`,
            { id, step: step ?? null, after },
          )
          .map((row) => parseRow(evidenceRow(), row, place('evidence', id))),
      ),
    evidenceCount: (id) =>
      read(() => Number(statements.value(`SELECT coalesce(max(ordinal), 0) FROM evidence WHERE ${OF_RUN}`, { id }))),
    verification: (id) =>
      read(() => {
        const row = statements.row(
          `SELECT ${JOURNAL_COLUMNS} FROM journal WHERE ${OF_RUN} AND type = 'verified' ORDER BY seq DESC LIMIT 1`,
          { id },
        );
        if (row === undefined) return undefined;
        const { event } = parseJournalRow(row, place('journal', id));
        return event.type === 'verified' ? event.verification : undefined;
      }),
    definition: (hash) =>
      read(() => {
        const text = statements.value('SELECT definition FROM definitions WHERE hash = @hash', { hash });
        if (text === undefined) return undefined;
        return parseRow(jsonText(), text, { path, table: 'definitions', of: `hash ${hash}` });
      }),
    plan: (id) =>
      read(() => {
        const row = statements.row(`${PLAN_QUERY} WHERE plans.id = @id`, { id });
        return row && parseRow(planRow(), row, { path, table: 'plans', of: `plan ${id}` });
      }),
    plans: (limit = ALL, before) =>
      read(() =>
        statements
          .rows(
            `${PLAN_QUERY}
             WHERE @before IS NULL
               OR (plans.created_at, plans.id) < (SELECT created_at, id FROM plans AS other WHERE other.id = @before)
             ORDER BY plans.created_at DESC, plans.id DESC LIMIT @limit`,
            { limit, before: before ?? null },
          )
          .map((row) => parseRow(planRow(), row, { path, table: 'plans', of: `plan ${row['id']}` })),
      ),
    fingerprint: (hash) => read(() => readFingerprint(statements, hash, path)),
    fleetCopy: (id) => read(() => readFleetCopy(statements, id, path)),
    fleetCopies: (filter) => read(() => listFleetCopies(statements, filter, path)),
    openRequests: () =>
      read(() =>
        statements
          .rows(
            // A plain `run` would be the id in ORDER BY, and SQLite would read all runs in the order of their ids.
            `SELECT id AS run, seq AS number FROM open_requests JOIN runs ON open_requests.run = runs.number
             WHERE imported_from IS NULL ORDER BY open_requests.run, seq`,
          )
          .map((row) => parseRow(openRequestRow(), row, { path, table: 'open_requests', of: `run ${row['run']}` })),
      ),
    dataVersion: () => read(() => Number(statements.value('PRAGMA data_version'))),
    exportRun: (id, machine) =>
      read(
        db.transaction(() => {
          const run = reader.run(id);
          if (run === undefined) throw runNotFound(id);
          return runFileContent(reader, run, machine);
        }),
      ),
    prunePlan: (request) => read(() => prunePlan(statements, reader.workflowNames(), request, path)),
    space: () => read(() => spaceOf(statements)),
  };
  return reader;
}

/** SQLite treats a negative limit as none. */
const ALL = -1;

/** @throws WfError E_USAGE */
function requireLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new WfError('E_USAGE', `${limit} is not a valid limit of a list`, { hint: 'Give a whole number from 0 on.' });
}
