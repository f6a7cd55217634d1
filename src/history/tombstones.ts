import * as z from 'zod/mini';
import type { RunId } from '../engine/model/ids.ts';
import { lazy } from '../engine/model/lazy.ts';
import { runTombstoned } from '../engine/run/run-refusal.ts';
import { parseRow } from './rows/parse-row.ts';
import type { Statements } from './sqlite/statements.ts';
import type { Transact } from './sqlite/transaction.ts';

/** The records with which an agent of a fleet keeps its promises across restarts. */
export interface Tombstones {
  /**
   * Keeps a run from ever starting on this database. Returns false if it has started: it must be undone instead.
   * @param at now, in milliseconds since the epoch
   */
  entomb(run: RunId, reason: string, at: number): boolean;
  isEntombed(run: RunId): boolean;
  /** Returns the id of the agent of this database; `proposed` becomes it if there is none. */
  agentId(proposed: string): string;
}

const text = lazy(() => z.string());

export function createTombstones(statements: Statements, write: Transact, path: string): Tombstones {
  return {
    entomb: (run, reason, at) =>
      write(() => {
        if (statements.value('SELECT 1 FROM runs WHERE id = @run', { run }) !== undefined) return false;
        statements.run(
          'INSERT INTO tombstones (run_id, at, reason) VALUES (@run, @at, @reason) ON CONFLICT (run_id) DO NOTHING',
          { run, at, reason },
        );
        return true;
      }),
    isEntombed: (run) => reasonOf(statements, run) !== undefined,
    agentId: (proposed) =>
      write(() => {
        statements.run('INSERT INTO agent_identity (one, id) VALUES (1, @proposed) ON CONFLICT (one) DO NOTHING', {
          proposed,
        });
        const id = statements.value('SELECT id FROM agent_identity');
        return parseRow(text(), id, { path, table: 'agent_identity', of: 'the agent' });
      }),
  };
}

/** Refuses to start a run that has a tombstone. Called in the transaction that would store the run. @throws WfError E_TOMBSTONE */
export function refuseEntombed(statements: Statements, run: RunId): void {
  const reason = reasonOf(statements, run);
  if (reason !== undefined) throw runTombstoned(run, String(reason));
}

function reasonOf(statements: Statements, run: RunId) {
  return statements.value('SELECT reason FROM tombstones WHERE run_id = @run', { run });
}
