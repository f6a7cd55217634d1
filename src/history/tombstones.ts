import * as z from 'zod/mini';
import type { RunId } from '../engine/model/ids.ts';
import { lazy } from '../engine/model/lazy.ts';
import { runTombstoned } from '../engine/run/run-refusal.ts';
import type { Statements } from '../sqlite/statements.ts';
import { parseRow } from './rows/parse-row.ts';
import type { Transact } from './sqlite/transaction.ts';

/** The records with which an agent of a fleet keeps its promises across restarts. */
export interface Tombstones {
  /**
   * Keeps a run from ever starting on this database. Returns false if it has started: it must be undone instead.
   * @param at now, in milliseconds since the epoch
   */
  entomb(run: RunId, reason: string, at: number): boolean;
  isEntombed(run: RunId): boolean;
  /** Returns the identity of the agent of this database; `proposed` becomes it if there is none. */
  agentIdentity(proposed: AgentIdentity): AgentIdentity;
}

/** An agent of a fleet. */
export interface AgentIdentity {
  /** Random. */
  readonly id: string;
  /** The seed of its key pair: secret. */
  readonly seed: string;
}

const identity = lazy(() => z.strictObject({ id: z.string(), seed: z.string() }));

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
    agentIdentity: ({ id, seed }) =>
      write(() => {
        statements.run(
          'INSERT INTO agent_identity (one, id, seed) VALUES (1, @id, @seed) ON CONFLICT (one) DO NOTHING',
          { id, seed },
        );
        const row = statements.row('SELECT id, seed FROM agent_identity');
        return parseRow(identity(), row, { path, table: 'agent_identity', of: 'the agent' });
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
