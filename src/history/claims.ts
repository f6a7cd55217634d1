import type { z } from 'zod';
import { WfError } from '../engine/errors.ts';
import { isEnd } from '../engine/ports/history.ts';
import { parseRow } from './rows/parse-row.ts';
import { claimHolderRow } from './rows/run-row.ts';
import type { Statements } from './sqlite/statements.ts';

type Holder = z.output<ReturnType<typeof claimHolderRow>>;

/**
 * Claims resources for a run, inside the transaction that creates it.
 * @throws WfError E_NAME_IN_USE where another run has one of them: one that has not ended, or whose changes still stand.
 */
export function claim(statements: Statements, run: number, resources: readonly string[], path: string): void {
  for (const resource of new Set(resources)) {
    const row = statements.claimHolder().get({ resource });
    if (row !== undefined) {
      const holder = parseRow(claimHolderRow(), row, { path, table: 'claims', of: resource });
      if (!isFree(holder)) throw inUse(resource, holder);
      statements.deleteClaims().run({ run: holder.number });
    }
    statements.insertClaim().run({ resource, run });
  }
}

function isFree(holder: Holder): boolean {
  return isEnd(holder.status) && holder.standing === 0;
}

function inUse(resource: string, holder: Holder): WfError {
  const { id, workflow, status } = holder;
  const ended = isEnd(holder.status);
  const state = ended ? `${status}, its changes still stand` : status;
  return new WfError('E_NAME_IN_USE', `${resource} is in use by run ${id} of ${workflow} (${state})`, {
    hint: ended
      ? `Undo what it left with \`wf rollback ${id}\`; \`wf show ${id}\` lists it.`
      : `Look at it with \`wf show ${id}\`: if it still runs, wait for it; if it was interrupted, undo it with \`wf rollback ${id}\`. Or choose other names.`,
    details: { resource, run: id, status },
  });
}
