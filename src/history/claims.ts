import * as z from 'zod/mini';
import { WfError } from '../engine/model/errors.ts';
import { runIdSchema } from '../engine/model/identity/identity-schemas.ts';
import { lazy } from '../engine/model/lazy.ts';
import { isEnd, STORED_RUN_STATUSES } from '../engine/ports/history.ts';
import type { Statements } from '../sqlite/statements.ts';
import { parseRow } from './rows/parse-row.ts';
import { IN_PLACE } from './sqlite/schema.ts';

/** Condition for a change whose resources stay claimed: it is in place, and not by design. */
const BLOCKING = `${IN_PLACE} AND status <> 'kept'`;

const holderRow = lazy(() =>
  z.object({
    number: z.number(),
    id: runIdSchema(),
    workflow: z.string(),
    status: z.enum(STORED_RUN_STATUSES),
    in_place: z.number(),
  }),
);

type Holder = z.output<ReturnType<typeof holderRow>>;

/**
 * Claims resources for a run that is created or continues, inside a transaction. The run keeps those that it has. @param run its number
 * @throws WfError E_NAME_IN_USE if another run has claimed one of them, and has not ended or has a change in place
 */
export function claim(statements: Statements, run: number, resources: readonly string[], path: string): void {
  for (const resource of new Set(resources)) {
    const row = statements.row(
      `SELECT claims.run AS number, runs.id, runs.workflow, runs.status,
         EXISTS (SELECT 1 FROM changes WHERE changes.run = claims.run AND changes.${BLOCKING}) AS in_place
       FROM claims JOIN runs ON runs.number = claims.run WHERE claims.resource = @resource`,
      { resource },
    );
    if (row !== undefined) {
      const holder = parseRow(holderRow(), row, { path, table: 'claims', of: resource });
      if (holder.number === run) continue;
      if (!isEnd(holder.status) || holder.in_place === 1) throw inUse(resource, holder);
      statements.run('DELETE FROM claims WHERE run = @run', { run: holder.number });
    }
    statements.run('INSERT INTO claims (resource, run) VALUES (@resource, @run)', { resource, run });
  }
}

/** Gives up the claims of a run that has ended, unless a change of it is still in place. @param run its number */
export function releaseClaims(statements: Statements, run: number): void {
  statements.run(
    `DELETE FROM claims WHERE run = @run AND NOT EXISTS (SELECT 1 FROM changes WHERE run = @run AND ${BLOCKING})`,
    { run },
  );
}

function inUse(resource: string, { id, workflow, status }: Holder): WfError {
  const ended = isEnd(status);
  const state = ended ? `${status}, with changes in place` : status;
  return new WfError('E_NAME_IN_USE', `${resource} is in use by run ${id} of ${workflow} (${state})`, {
    hint: ended
      ? `Undo its changes with \`wf rollback ${id}\`; \`wf show ${id}\` lists them.`
      : `Inspect it with \`wf show ${id}\`: wait for it if it is running, undo it with \`wf rollback ${id}\` if it was interrupted, or choose other names.`,
    details: { resource, run: id, status },
  });
}
