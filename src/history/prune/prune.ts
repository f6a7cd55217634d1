import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';
import { later } from '../../engine/later.ts';
import type { Owner } from '../../engine/owner.ts';
import { isEnd, STORED_RUN_STATUSES, type StoredRunStatus } from '../../engine/ports/history.ts';
import { type PruneStatements, preparePruneStatements } from '../prune-statements.ts';
import { parseRow } from '../rows/parse-row.ts';
import { ownerColumns, ownerOf } from '../rows/run-row.ts';
import type { Transact } from '../sqlite/transaction.ts';

/** Which runs are to be removed: those that satisfy both. */
export interface PruneRequest {
  /** Runs that ended before this moment; milliseconds since the epoch. */
  readonly endedBefore: number;
  /** So many of the newest runs of each workflow are kept, whatever their age. */
  readonly keep: number;
  isAlive(owner: Owner): boolean;
}

/** What pruning would do to the runs that are old enough. */
export interface PrunePlan {
  /** How many would be removed, for each workflow that has any. */
  readonly removable: Readonly<Record<string, number>>;
  /** Kept: they ended, and something of theirs is on the host (standing or kept changes), or they need attention. */
  readonly onHost: number;
  /** Kept: they have not come to an end. */
  readonly unfinished: number;
}

/** How much room the history takes, in bytes. */
export interface Space {
  readonly file: number;
  /** Inside the file, free for what is written next. */
  readonly free: number;
}

/**
 * Removing old runs on request: the only exception to "history is append-only". A whole run goes in one transaction, or
 * nothing of it; never one that has not ended, nor one of which something is left on the host.
 */
export interface HistoryPruner {
  /** Removes some more runs, in one short transaction. @param after how far that has come; null at the beginning */
  pruneSome(request: PruneRequest, after: PrunePlace | null): RunsPruned;
  /**
   * Removes definitions and fingerprints that no run refers to any more, some hundred at a time. `busy`: a run is being
   * advanced, and may be about to refer to one; those that are unused then go the next time.
   */
  pruneUnused(after: UnusedPlace | null, isAlive: (owner: Owner) => boolean): UnusedPruned;
  /** Writes the file anew without the room that is free in it. @throws WfError E_LEASE_HELD while a run is being advanced. */
  compact(isAlive: (owner: Owner) => boolean): void;
}

/** How far pruning has come: runs of this workflow and status up to this one were looked at. */
export interface PrunePlace {
  readonly workflow: string;
  readonly status: StoredRunStatus;
  readonly createdAt: number;
  readonly id: string;
}

export interface RunsPruned {
  /** The workflow of each run that was removed. */
  readonly removed: readonly string[];
  /** Where to go on; null where none is left to remove. */
  readonly next: PrunePlace | null;
}

/** How far the search for what is unused has come. */
export interface UnusedPlace {
  readonly table: 'definitions' | 'fingerprints';
  readonly hash: string;
}

export type UnusedPruned =
  | { readonly type: 'busy' }
  | { readonly type: 'pruned'; readonly removed: number; readonly next: UnusedPlace | null };

/**
 * So many rows go in one transaction before it ends: some 20 ms. A run with more of them goes whole all the same.
 */
const ROWS_AT_ONCE = 5_000;
const RUNS_AT_ONCE = 200;
const HASHES_AT_ONCE = 500;

const placeRow = later(() => z.object({ created_at: z.number(), id: z.string() }));
const candidateRow = later(() => placeRow().extend({ number: z.number(), ...ownerColumns() }));
const countsRow = later(() => z.object({ aged: z.number(), removable: z.number() }));
const hashRow = later(() => z.object({ hash: z.string(), used: z.number() }));
const heldRow = later(() => z.object(ownerColumns()));

/** Reads what pruning would do. @param workflows of which there are runs */
export function prunePlan(db: Database, workflows: readonly string[], request: PruneRequest, path: string): PrunePlan {
  const statements = preparePruneStatements(db);
  const removable: Record<string, number> = {};
  let onHost = 0;
  let unfinished = 0;
  for (const selection of selections(statements, workflows, request, path)) {
    const row = parseRow(countsRow(), statements.agedRuns.get(selection), {
      path,
      table: 'runs',
      of: selection.workflow,
    });
    if (row.removable > 0) removable[selection.workflow] = (removable[selection.workflow] ?? 0) + row.removable;
    if (isEnd(selection.status)) onHost += row.aged - row.removable;
    else unfinished += row.aged - row.removable;
  }
  return { removable, onHost, unfinished };
}

export function spaceOf(db: Database): Space {
  const [size, pages, free] = ['page_size', 'page_count', 'freelist_count'].map((name) =>
    Number(db.pragma(name, { simple: true })),
  );
  return { file: (size ?? 0) * (pages ?? 0), free: (size ?? 0) * (free ?? 0) };
}

interface PrunerParts {
  readonly db: Database;
  readonly write: Transact;
  readonly path: string;
  workflowNames(): readonly string[];
}

export function createPruner({ db, write, path, workflowNames }: PrunerParts): HistoryPruner {
  const prepared = later(() => preparePruneStatements(db));

  const atWork = (isAlive: (owner: Owner) => boolean): Owner | undefined =>
    prepared()
      .heldRuns.all()
      .flatMap((row) => ownerOf(parseRow(heldRow(), row, { path, table: 'runs', of: 'a run that is held' })) ?? [])
      .find(isAlive);

  function removeRun(number: number): number {
    const { deleteEvidence, deleteJournal, deleteChanges, deleteSteps, deleteClaims, deleteRun } = prepared();
    return [deleteEvidence, deleteJournal, deleteChanges, deleteSteps, deleteClaims, deleteRun].reduce(
      (rows, statement) => rows + statement.run({ run: number }).changes,
      0,
    );
  }

  return {
    pruneSome: (request, after) =>
      write(() => {
        const removed: string[] = [];
        let rows = 0;
        for (const selection of selections(prepared(), workflowNames(), request, path, after)) {
          const { workflow, status } = selection;
          const found = prepared().removableRuns.all({ ...selection, limit: RUNS_AT_ONCE });
          for (const row of found) {
            const { number, created_at, id, ...columns } = parseRow(candidateRow(), row, {
              path,
              table: 'runs',
              of: workflow,
            });
            // Where it is held by a living process, somebody has just begun to undo what it kept.
            const owner = ownerOf(columns);
            if (owner === null || !request.isAlive(owner)) {
              rows += removeRun(number);
              removed.push(workflow);
            }
            const next = { workflow, status, createdAt: created_at, id };
            if (rows >= ROWS_AT_ONCE || removed.length >= RUNS_AT_ONCE) return { removed, next };
            if (row === found.at(-1) && found.length === RUNS_AT_ONCE) return { removed, next };
          }
        }
        return { removed, next: null };
      }),

    pruneUnused: (after, isAlive) =>
      write(() => {
        if (atWork(isAlive) !== undefined) return { type: 'busy' };
        const { table, hash } = after ?? { table: 'definitions', hash: '' };
        const [find, remove] =
          table === 'definitions'
            ? [prepared().definitionsInUse, prepared().deleteDefinition]
            : [prepared().fingerprintsInUse, prepared().deleteFingerprint];
        const found = find
          .all({ hash, limit: HASHES_AT_ONCE })
          .map((row) => parseRow(hashRow(), row, { path, table, of: `after ${hash}` }));
        const unused = found.filter(({ used }) => used === 0);
        for (const each of unused) remove.run({ hash: each.hash });
        const last = found.at(-1);
        if (last !== undefined) return { type: 'pruned', removed: unused.length, next: { table, hash: last.hash } };
        const next = table === 'definitions' ? ({ table: 'fingerprints', hash: '' } as const) : null;
        return { type: 'pruned', removed: 0, next };
      }),

    compact(isAlive) {
      const owner = atWork(isAlive);
      if (owner !== undefined) throw beingWritten(path, owner);
      db.exec('VACUUM');
      db.pragma('wal_checkpoint(TRUNCATE)');
    },
  };
}

/** Runs of one workflow and one status that are old enough, as the statements take them. */
interface Selection {
  readonly workflow: string;
  readonly status: StoredRunStatus;
  readonly endedBefore: number;
  /** Older than this place: what is kept of the workflow begins there. */
  readonly createdAt: number;
  readonly id: string;
  /** Newer than this place: as far as it was looked at before. */
  readonly afterCreatedAt: number;
  readonly afterId: string;
}

const BEFORE_THE_OLDEST = { afterCreatedAt: Number.MIN_SAFE_INTEGER, afterId: '' };

function* selections(
  statements: PruneStatements,
  workflows: readonly string[],
  { endedBefore, keep }: PruneRequest,
  path: string,
  after: PrunePlace | null = null,
): Generator<Selection> {
  for (const workflow of workflows) {
    if (after !== null && workflow < after.workflow) continue;
    const row = keep === 0 ? undefined : statements.newestOfWorkflow.get({ workflow, skip: keep - 1 });
    // So few runs of it are all kept.
    if (row === undefined && keep > 0) continue;
    const oldestKept = row === undefined ? undefined : parseRow(placeRow(), row, { path, table: 'runs', of: workflow });
    // What ended before a moment was created before it.
    const isOlder = oldestKept !== undefined && oldestKept.created_at < endedBefore;
    const until = isOlder
      ? { createdAt: oldestKept.created_at, id: oldestKept.id }
      : { createdAt: endedBefore, id: '' };
    const begun = after?.workflow === workflow ? after : null;
    const first = begun === null ? 0 : STORED_RUN_STATUSES.indexOf(begun.status);
    for (const status of STORED_RUN_STATUSES.slice(first)) {
      const from =
        begun?.status === status ? { afterCreatedAt: begun.createdAt, afterId: begun.id } : BEFORE_THE_OLDEST;
      yield { workflow, status, endedBefore, ...until, ...from };
    }
  }
}

function beingWritten(path: string, { pid }: Owner): WfError {
  return new WfError('E_LEASE_HELD', `the database ${path} is not compacted now: process ${pid} advances a run`, {
    hint: 'Do it once no run is under way: whoever writes would have to wait until all of it is written anew.',
  });
}
