import { runIdSchema } from '../engine/model/identity/identity-schemas.ts';
import type { RunId } from '../engine/model/ids.ts';
import type { Statements } from '../sqlite/statements.ts';
import { parseRow } from './rows/parse-row.ts';
import { UNENDED } from './sqlite/schema.ts';

/** Returns the oldest run of a workflow that has not ended, without imported ones. */
export function unendedRun(statements: Statements, workflow: string, path: string): RunId | undefined {
  const id = statements.value(
    `SELECT id FROM runs INDEXED BY runs_of_workflow_and_status
     WHERE workflow = @workflow AND ${UNENDED} AND imported_from IS NULL ORDER BY created_at, id LIMIT 1`,
    { workflow },
  );
  return id === undefined
    ? undefined
    : parseRow(runIdSchema(), id, { path, table: 'runs', of: `workflow ${workflow}` });
}
