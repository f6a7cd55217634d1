import type { Database } from 'better-sqlite3';
import * as z from 'zod/mini';
import { WfError } from '../../engine/model/errors.ts';
import type { Owner } from '../../engine/model/identity/owner.ts';
import { lazy } from '../../engine/model/lazy.ts';
import type { Statements } from '../../sqlite/statements.ts';
import { parseRow } from '../rows/parse-row.ts';
import { OWNER_COLUMNS, ownerColumns, ownerOf } from '../rows/run-row.ts';
import type { Transact } from '../sqlite/transaction.ts';
import {
  AGED,
  AGED_FLEET_COPY,
  AGED_PLAN,
  type PrunePosition,
  type PruneRequest,
  REMOVABLE,
  selections,
} from './plan.ts';

/**
 * Removes old runs on request: the only exception to "history is append-only". A run is removed whole, in one transaction, and never if
 * it has not ended or has changes in place.
 */
export interface HistoryPruner {
  /** Removes some runs, in one short transaction. @param after position of the previous call; null at the beginning */
  pruneSome(request: PruneRequest, after: PrunePosition | null): RunsPruned;
  /** Removes the unused plans of the request, in one transaction. Returns their number. */
  prunePlans(request: PruneRequest): number;
  /** Removes the copies of fleet runs of the request, in one transaction. Returns their number. */
  pruneFleetCopies(request: PruneRequest): number;
  /**
   * Removes some definitions and fingerprints that no run refers to, in one short transaction. Returns `busy` while a process
   * advances a run, which may be about to refer to one.
   */
  pruneUnused(after: UnusedPosition | null, isAlive: (owner: Owner) => boolean): UnusedPruned;
  /** Rewrites the file without its free space. @throws WfError E_LEASE_HELD while a process advances a run */
  compact(isAlive: (owner: Owner) => boolean): void;
}

export interface RunsPruned {
  /** Workflow of each removed run. */
  readonly removed: readonly string[];
  /** Position for the next call; null if no run is left to remove. */
  readonly next: PrunePosition | null;
}

/** Position of the search for unused content. */
export interface UnusedPosition {
  readonly table: 'definitions' | 'fingerprints';
  readonly hash: string;
}

export type UnusedPruned =
  | { readonly type: 'busy' }
  | { readonly type: 'pruned'; readonly removed: number; readonly next: UnusedPosition | null };

/** Rows after which a transaction ends, some 20 ms. A run with more rows is removed whole all the same. */
const ROWS_AT_ONCE = 5_000;
const RUNS_AT_ONCE = 200;
const HASHES_AT_ONCE = 500;

/** Tables with rows of a run, in an order that foreign keys allow. */
const TABLES_OF_RUN = ['evidence', 'journal', 'changes', 'steps', 'open_requests', 'claims', 'plans'] as const;

/**
 * Condition for a definition or fingerprint that is in use.
 * The `+` removes the affinity of the column; with it, SQLite would not use the index on the expression.
 */
const IN_USE: Readonly<Record<UnusedPosition['table'], string>> = {
  definitions: `EXISTS (SELECT 1 FROM runs WHERE definition_hash = definitions.hash)
    OR EXISTS (SELECT 1 FROM plans WHERE definition_hash = definitions.hash) OR EXISTS (SELECT 1 FROM journal
    WHERE type = 'definition.accepted' AND json_extract(data, '$.definitionHash') = +definitions.hash)`,
  fingerprints: `EXISTS (SELECT 1 FROM journal
    WHERE type IN ('baseline.taken', 'verified') AND json_extract(data, '$.fingerprint') = +fingerprints.hash)`,
};

const candidateRow = lazy(() =>
  z.object({ number: z.number(), created_at: z.number(), id: z.string(), ...ownerColumns() }),
);
const hashRow = lazy(() => z.object({ hash: z.string(), used: z.number() }));
const ownerRow = lazy(() => z.object(ownerColumns()));

interface PrunerDependencies {
  readonly db: Database;
  readonly statements: Statements;
  readonly write: Transact;
  readonly path: string;
  workflowNames(): readonly string[];
}

export function createPruner({ db, statements, write, path, workflowNames }: PrunerDependencies): HistoryPruner {
  function livingOwner(isAlive: (owner: Owner) => boolean): Owner | undefined {
    return statements
      .rows(`SELECT ${OWNER_COLUMNS} FROM runs WHERE owner_pid IS NOT NULL`)
      .flatMap((row) => ownerOf(parseRow(ownerRow(), row, { path, table: 'runs', of: 'a run with an owner' })) ?? [])
      .find(isAlive);
  }

  /** Returns the number of rows removed. */
  function removeRun(run: number): number {
    let rows = 0;
    for (const table of TABLES_OF_RUN) rows += statements.run(`DELETE FROM ${table} WHERE run = @run`, { run }).changes;
    return rows + statements.run('DELETE FROM runs WHERE number = @run', { run }).changes;
  }

  return {
    pruneSome: (request, after) =>
      write(() => {
        const removed: string[] = [];
        let rows = 0;
        for (const selection of selections(statements, workflowNames(), request, path, after)) {
          const { workflow, status } = selection;
          const found = statements.rows(
            `SELECT number, created_at, id, ${OWNER_COLUMNS} FROM runs INDEXED BY runs_of_workflow_and_status
             WHERE ${AGED} AND created_at >= @afterCreatedAt AND (created_at, id) > (@afterCreatedAt, @afterId) AND ${REMOVABLE}
             ORDER BY created_at, id LIMIT @limit`,
            { ...selection, limit: RUNS_AT_ONCE },
          );
          for (const row of found) {
            const of = `workflow ${workflow}`;
            const { number, created_at, id, ...columns } = parseRow(candidateRow(), row, { path, table: 'runs', of });
            // A living owner has just begun to undo what the run kept.
            const owner = ownerOf(columns);
            if (owner === null || !request.isAlive(owner)) {
              rows += removeRun(number);
              removed.push(workflow);
            }
            const isFull = rows >= ROWS_AT_ONCE || removed.length >= RUNS_AT_ONCE;
            const isLastOfPage = row === found.at(-1) && found.length === RUNS_AT_ONCE;
            if (isFull || isLastOfPage) return { removed, next: { workflow, status, createdAt: created_at, id } };
          }
        }
        return { removed, next: null };
      }),

    prunePlans: ({ plansBefore = null }) =>
      write(() => statements.run(`DELETE FROM plans WHERE ${AGED_PLAN}`, { plansBefore }).changes),

    pruneFleetCopies: ({ endedBefore, keep }) =>
      write(() => statements.run(`DELETE FROM fleet_runs WHERE ${AGED_FLEET_COPY}`, { endedBefore, keep }).changes),

    pruneUnused: (after, isAlive) =>
      write(() => {
        if (livingOwner(isAlive) !== undefined) return { type: 'busy' };
        const { table, hash } = after ?? { table: 'definitions', hash: '' };
        const found = statements
          .rows(`SELECT hash, ${IN_USE[table]} AS used FROM ${table} WHERE hash > @hash ORDER BY hash LIMIT @limit`, {
            hash,
            limit: HASHES_AT_ONCE,
          })
          .map((row) => parseRow(hashRow(), row, { path, table, of: `after ${hash}` }));
        const unused = found.filter(({ used }) => used === 0);
        for (const each of unused) statements.run(`DELETE FROM ${table} WHERE hash = @hash`, { hash: each.hash });
        const last = found.at(-1);
        if (last !== undefined) return { type: 'pruned', removed: unused.length, next: { table, hash: last.hash } };
        const next = table === 'definitions' ? ({ table: 'fingerprints', hash: '' } as const) : null;
        return { type: 'pruned', removed: 0, next };
      }),

    compact(isAlive) {
      const owner = livingOwner(isAlive);
      if (owner !== undefined) throw beingAdvanced(path, owner);
      db.exec('VACUUM');
      db.pragma('wal_checkpoint(TRUNCATE)');
    },
  };
}

function beingAdvanced(path: string, { pid }: Owner): WfError {
  return new WfError('E_LEASE_HELD', `the database ${path} cannot be compacted: process ${pid} advances a run`, {
    hint: 'Repeat the command when no run is being advanced: compacting makes every write wait.',
  });
}
