import { z } from 'zod';
import { WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import type { HistoryPort, RunFilter, StoredRun } from '../engine/ports/history.ts';
import { withDatabaseErrors } from './database-error.ts';
import { readFingerprint } from './fingerprints.ts';
import { parseJournalRow } from './journal-rows.ts';
import { jsonText, parseRow } from './parse-row.ts';
import { changeRow, evidenceRow, runId, runRow, standingChangeRow, stepRow } from './rows.ts';
import type { Statements } from './statements.ts';
import type { HistoryWriter } from './writer.ts';

/** What may be asked of a history that is not written to. */
export type HistoryReader = Omit<HistoryPort, keyof HistoryWriter | 'freeReserve'>;

/** Later than every run. */
const BEYOND_THE_NEWEST = { createdAt: Number.MAX_SAFE_INTEGER, id: '' };

export function createReader(statements: Statements, path: string): Omit<HistoryReader, 'close'> {
  const read = <Result>(work: () => Result): Result => withDatabaseErrors(path, work);
  const place = (table: string, id: string) => ({ path, table, of: `run ${id}` });

  function whereToContinue(before: RunId | undefined): { readonly createdAt: unknown; readonly id: string } {
    if (before === undefined) return BEYOND_THE_NEWEST;
    const createdAt = statements.createdAt.get({ id: before });
    if (createdAt !== undefined) return { createdAt, id: before };
    throw new WfError('E_RUN_NOT_FOUND', `there is no run ${before} to continue the list from`, {
      hint: 'Begin at the newest with `wf runs`.',
    });
  }

  function newestFirst({ workflow, status, limit, before }: RunFilter): readonly unknown[] {
    const page = { limit: requireLimit(limit), ...whereToContinue(before) };
    if (workflow === undefined) {
      return status === undefined ? statements.runs.all(page) : statements.runsOfStatus.all({ ...page, status });
    }
    return status === undefined
      ? statements.runsOfWorkflow.all({ ...page, workflow })
      : statements.runsOfWorkflowAndStatus.all({ ...page, workflow, status });
  }

  return {
    run: (id) =>
      read(() => {
        const row = statements.run.get({ id });
        return row === undefined ? undefined : parseRow(runRow, row, place('runs', id));
      }),
    runs: (filter) =>
      read(() => newestFirst(filter).map((row): StoredRun => parseRow(runRow, row, place('runs', idOf(row))))),
    unfinishedRuns: () =>
      read(() =>
        statements.unfinishedRuns.all().map((row): StoredRun => parseRow(runRow, row, place('runs', idOf(row)))),
      ),
    claimsOf: (id) =>
      read(() => statements.claimsOfRun.all({ id }).map((row) => parseRow(z.string(), row, place('claims', id)))),
    runIds: (prefix, limit) =>
      read(() => {
        const page = { limit: requireLimit(limit) };
        const ids = prefix === '' ? statements.newestIds.all(page) : statements.idsWithPrefix.all({ ...page, prefix });
        return ids.map((id) => parseRow(runId, id, place('runs', String(id))));
      }),
    journal: (id, after = 0) =>
      read(() => statements.journal.all({ id, after }).map((row) => parseJournalRow(row, place('journal', id)))),
    steps: (id) => read(() => statements.steps.all({ id }).map((row) => parseRow(stepRow, row, place('steps', id)))),
    changes: (id) =>
      read(() => statements.changes.all({ id }).map((row) => parseRow(changeRow, row, place('changes', id)))),
    standingChanges: () =>
      read(() =>
        statements.standingChanges.all().map((row) => parseRow(standingChangeRow, row, place('changes', runOf(row)))),
      ),
    evidence: (id, step) =>
      read(() =>
        statements.evidence
          .all({ id, step: step ?? null })
          .map((row) => parseRow(evidenceRow, row, place('evidence', id))),
      ),
    verification: (id) =>
      read(() => {
        const row = statements.lastVerified.get({ id });
        if (row === undefined) return undefined;
        const { event } = parseJournalRow(row, place('journal', id));
        return event.type === 'verified' ? event.verification : undefined;
      }),
    definition: (hash) =>
      read(() => {
        const text = statements.definition.get({ hash });
        if (text === undefined) return undefined;
        return parseRow(jsonText, text, { path, table: 'definitions', of: `hash ${hash}` });
      }),
    fingerprint: (hash) => read(() => readFingerprint(statements, hash, path)),
  };
}

/** SQLite takes a negative limit for none. */
function requireLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new WfError('E_USAGE', `a list cannot be limited to ${limit}`, { hint: 'Give a whole number from 0 on.' });
}

const idOf = (row: unknown): string => namedIn(row, 'id');
const runOf = (row: unknown): string => namedIn(row, 'run');

/** What a row that may not parse says of itself, for the error. */
function namedIn(row: unknown, column: string): string {
  const named = z.record(z.string(), z.unknown()).safeParse(row);
  return named.success ? String(named.data[column]) : 'unknown';
}
