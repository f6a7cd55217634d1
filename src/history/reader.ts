import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { WfError } from '../engine/errors.ts';
import { runIdSchema } from '../engine/identity-schemas.ts';
import type { RunId } from '../engine/ids.ts';
import { jsonOf } from '../engine/plain-values.ts';
import type { HistoryPort, RunFilter, StoredRun, StoredStep } from '../engine/ports/history.ts';
import { runNotFound } from '../engine/run-refusal.ts';
import { namedRow, namedRows } from './named-rows.ts';
import { plainRun } from './plain-run.ts';
import { plainStep } from './plain-step.ts';
import { type PrunePlan, type PruneRequest, prunePlan, type Space, spaceOf } from './prune/prune.ts';
import type { PreparedStatement, ReadingStatements } from './reading-statements.ts';
import { readFingerprint } from './rows/fingerprints.ts';
import { parseJournalRow } from './rows/journal-row.ts';
import { jsonText, parseRow, type RowPlace } from './rows/parse-row.ts';
import { changeRow, evidenceRow, runRow, standingChangeRow, stepRow } from './rows/run-row.ts';
import { withDatabaseErrors } from './sqlite/database-error.ts';
import { runFileContent } from './transfer/export-run.ts';
import type { RunFileContent } from './transfer/run-file.ts';
import type { HistoryWriter } from './writer.ts';

/** What may be asked of a history that is not written to. */
export interface HistoryReader extends Omit<HistoryPort, keyof HistoryWriter | 'together' | 'freeReserve'> {
  /** The workflows of which there are runs, by name. */
  workflowNames(): readonly string[];
  /** What a run file holds of a run, all read at one moment. @param machine the name of this one @throws WfError E_RUN_NOT_FOUND */
  exportRun(id: RunId, machine: string): RunFileContent;
  /** What pruning would do, without doing it. */
  prunePlan(request: PruneRequest): PrunePlan;
  space(): Space;
}

/** Up to so many ids with one beginning are sorted; where there are more, enough of them are among the newest runs. */
const SORTED_IDS = 1_000;

export function createReader(db: Database, statements: ReadingStatements, path: string): Omit<HistoryReader, 'close'> {
  const read = <Result>(work: () => Result): Result => withDatabaseErrors(path, work);
  const place = (table: string, id: string) => ({ path, table, of: `run ${id}` });
  /** Where the row itself says of which run it is. */
  const namedBy = (table: string, column: string, row: unknown) => ({
    path,
    table,
    of: () => `run ${valueIn(row, column)}`,
  });

  /** The place in the list before which it is to begin: every run of it is older. */
  function whereToBegin({ before, until = Number.MAX_SAFE_INTEGER }: RunFilter): ListPlace {
    if (before === undefined) return { createdAt: until, id: '' };
    const createdAt = statements.createdAt().get({ id: before });
    if (createdAt !== undefined) {
      return Number(createdAt) < until ? { createdAt: Number(createdAt), id: before } : { createdAt: until, id: '' };
    }
    throw new WfError('E_RUN_NOT_FOUND', `there is no run ${before} to continue the list from`, {
      hint: 'Begin at the newest with `wf runs`.',
    });
  }

  function runOf(statement: PreparedStatement, row: unknown): StoredRun {
    const plain = Array.isArray(row) ? plainRun(row) : undefined;
    if (plain !== undefined) return plain;
    const named = namedRow(statement, row);
    return parseRow(runRow(), named, namedBy('runs', 'id', named));
  }

  function stepOf(row: unknown, where: RowPlace): StoredStep {
    const plain = Array.isArray(row) ? plainStep(row) : undefined;
    return plain ?? parseRow(stepRow(), namedRow(statements.steps(), row), where);
  }

  const runsOf = (statement: PreparedStatement, parameters: Readonly<Record<string, unknown>> = {}) =>
    statement.all(parameters).map((row) => runOf(statement, row));

  function newestFirst(filter: RunFilter): readonly StoredRun[] {
    const { workflow, status, since = Number.MIN_SAFE_INTEGER, limit } = filter;
    const page = { limit: requireLimit(limit), since, ...whereToBegin(filter) };
    if (workflow === undefined) {
      return status === undefined
        ? runsOf(statements.runs(), page)
        : runsOf(statements.runsOfStatus(), { ...page, status });
    }
    return status === undefined
      ? runsOf(statements.runsOfWorkflow(), { ...page, workflow })
      : runsOf(statements.runsOfWorkflowAndStatus(), { ...page, workflow, status });
  }

  function beginningWith(prefix: string, limit: number): readonly unknown[] {
    const ids = statements.idsWithPrefix().all({ prefix, enough: SORTED_IDS });
    if (ids.length < SORTED_IDS) return ids.slice(0, requireLimit(limit));
    return statements.newestIdsWithPrefix().all({ prefix, limit: requireLimit(limit) });
  }

  const reader: Omit<HistoryReader, 'close'> = {
    run: (id) =>
      read(() => {
        const row = statements.run().get({ id });
        return row === undefined ? undefined : runOf(statements.run(), row);
      }),
    runs: (filter) => read(() => newestFirst(filter)),
    unfinishedRuns: () => read(() => runsOf(statements.unfinishedRuns())),
    claimsOf: (id) =>
      read(() =>
        statements
          .claimsOfRun()
          .all({ id })
          .map((row) => parseRow(z.string(), row, place('claims', id))),
      ),
    runIds: (prefix, limit) =>
      read(() => {
        const ids =
          prefix === '' ? statements.newestIds().all({ limit: requireLimit(limit) }) : beginningWith(prefix, limit);
        return ids.map((id) => parseRow(runIdSchema(), id, place('runs', String(id))));
      }),
    workflowNames: () =>
      read(() =>
        statements
          .workflowNames()
          .all()
          .map((name) => parseRow(z.string(), name, place('runs', String(name)))),
      ),
    journal: (id, after = 0) =>
      read(() => {
        const where = place('journal', id);
        return statements
          .journal()
          .all({ id, after })
          .map((row) => parseJournalRow(row, where));
      }),
    steps: (id) =>
      read(() =>
        statements
          .steps()
          .all({ id })
          .map((row) => stepOf(row, place('steps', id))),
      ),
    changes: (id) =>
      read(() =>
        namedRows(statements.changes(), { id }).map((row) => parseRow(changeRow(), row, place('changes', id))),
      ),
    changesInPlace: () =>
      read(() =>
        namedRows(statements.changesInPlace()).map((row) =>
          parseRow(standingChangeRow(), row, namedBy('changes', 'run', row)),
        ),
      ),
    evidence: (id, step, after = 0) =>
      read(() =>
        namedRows(statements.evidence(), { id, step: step ?? null, after }).map((row) =>
          parseRow(evidenceRow(), row, place('evidence', id)),
        ),
      ),
    verification: (id) =>
      read(() => {
        const row = statements.lastVerified().get({ id });
        if (row === undefined) return undefined;
        const { event } = parseJournalRow(row, place('journal', id));
        return event.type === 'verified' ? event.verification : undefined;
      }),
    definition: (hash) =>
      read(() => {
        const text = statements.definition().get({ hash });
        if (text === undefined) return undefined;
        return jsonOf(text) ?? parseRow(jsonText(), text, { path, table: 'definitions', of: `hash ${hash}` });
      }),
    fingerprint: (hash) => read(() => readFingerprint(statements, hash, path)),
    exportRun: (id, machine) =>
      read(
        db.transaction(() => {
          const run = reader.run(id);
          if (run === undefined) throw runNotFound(id);
          return runFileContent(reader, run, machine);
        }),
      ),
    prunePlan: (request) => read(() => prunePlan(db, reader.workflowNames(), request, path)),
    space: () => read(() => spaceOf(db)),
  };
  return reader;
}

/** A place between two runs of a list that is ordered by creation time, then id. */
interface ListPlace {
  readonly createdAt: number;
  readonly id: string;
}

/** SQLite takes a negative limit for none. */
function requireLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new WfError('E_USAGE', `a list cannot be limited to ${limit}`, { hint: 'Give a whole number from 0 on.' });
}

/** What a row that does not parse says of itself, for the error. */
function valueIn(row: unknown, column: string): string {
  const values = z.record(z.string(), z.unknown()).safeParse(row);
  return values.success ? String(values.data[column]) : 'unknown';
}
