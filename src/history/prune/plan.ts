import * as z from 'zod/mini';
import type { Owner } from '../../engine/model/identity/owner.ts';
import { lazy } from '../../engine/model/lazy.ts';
import { isEnd, STORED_RUN_STATUSES, type StoredRunStatus } from '../../engine/ports/history.ts';
import type { Statements } from '../../sqlite/statements.ts';
import { parseRow } from '../rows/parse-row.ts';
import { IN_PLACE } from '../sqlite/schema.ts';

/** Selects the runs to remove: those that satisfy both conditions. */
export interface PruneRequest {
  /** Removes runs that ended before this moment; milliseconds since the epoch. */
  readonly endedBefore: number;
  /** Keeps this many of the newest runs of each workflow, whatever their age. */
  readonly keep: number;
  /** Removes unused plans that were created before this moment; none if absent. */
  readonly plansBefore?: number;
  isAlive(owner: Owner): boolean;
}

/** Effect of pruning on the runs that are old enough. */
export interface PrunePlan {
  /** Number of runs to remove, for each workflow that has any. */
  readonly removable: Readonly<Record<string, number>>;
  /** Number of ended runs that are kept because they have changes in place, or need attention. */
  readonly onHost: number;
  /** Number of runs that are kept because they have not ended. */
  readonly unfinished: number;
  /** Number of unused plans to remove. */
  readonly plans: number;
  /** Number of copies of fleet runs to remove. */
  readonly fleetRuns: number;
}

/** Condition for an unused plan that is old enough. A used plan goes with its run. */
export const AGED_PLAN = 'run IS NULL AND created_at < @plansBefore';

/** Condition for the copy of a fleet run that is old enough, and needs no attention. */
export const AGED_FLEET_COPY = `finished_at < @endedBefore AND status <> 'needs-attention' AND number NOT IN (
  SELECT number FROM (SELECT number, row_number() OVER (PARTITION BY workflow ORDER BY created_at DESC, id DESC) AS place
    FROM fleet_runs) WHERE place <= @keep)`;

/** Position of pruning: all runs of this workflow and status up to this run are done. */
export interface PrunePosition {
  readonly workflow: string;
  readonly status: StoredRunStatus;
  readonly createdAt: number;
  readonly id: string;
}

/** Runs of one workflow and status that are old enough: the parameters of {@link AGED}. */
interface Selection {
  readonly workflow: string;
  readonly status: StoredRunStatus;
  readonly endedBefore: number;
  /** Selects runs older than this position, where the newest runs of the workflow that are kept begin. */
  readonly createdAt: number;
  readonly id: string;
  /** Selects runs newer than this position, up to which runs are done. */
  readonly afterCreatedAt: number;
  readonly afterId: string;
}

/** Condition for the runs of a selection. A run that has not ended counts by its creation. */
export const AGED = `workflow = @workflow AND status = @status AND (created_at, id) < (@createdAt, @id)
  AND coalesce(finished_at, created_at) < @endedBefore`;

/** Condition for a run that may be forgotten: it left nothing on this host. An imported run never did. */
export const REMOVABLE = `(imported_from IS NOT NULL OR (status IN ('succeeded', 'failed', 'rolled-back') AND NOT EXISTS
  (SELECT 1 FROM changes WHERE changes.run = runs.number AND changes.${IN_PLACE})
  AND NOT EXISTS (SELECT 1 FROM open_requests WHERE open_requests.run = runs.number)))`;

const BEFORE_ALL = { afterCreatedAt: Number.MIN_SAFE_INTEGER, afterId: '' };

const positionRow = lazy(() => z.object({ created_at: z.number(), id: z.string() }));
const countsRow = lazy(() => z.object({ aged: z.number(), removable: z.number() }));

/** Returns what pruning would do. @param workflows names of the workflows that have runs */
export function prunePlan(
  statements: Statements,
  workflows: readonly string[],
  request: PruneRequest,
  path: string,
): PrunePlan {
  const removable: Record<string, number> = {};
  let onHost = 0;
  let unfinished = 0;
  for (const selection of selections(statements, workflows, request, path)) {
    const { workflow, status } = selection;
    const row = statements.row(
      `SELECT count(*) AS aged, count(CASE WHEN ${REMOVABLE} THEN 1 END) AS removable FROM runs WHERE ${AGED}`,
      { ...selection },
    );
    const counts = parseRow(countsRow(), row, { path, table: 'runs', of: `workflow ${workflow}` });
    if (counts.removable > 0) removable[workflow] = (removable[workflow] ?? 0) + counts.removable;
    if (isEnd(status)) onHost += counts.aged - counts.removable;
    else unfinished += counts.aged - counts.removable;
  }
  const { plansBefore = null, endedBefore, keep } = request;
  const plans = Number(statements.value(`SELECT count(*) FROM plans WHERE ${AGED_PLAN}`, { plansBefore }));
  const fleetRuns = Number(
    statements.value(`SELECT count(*) FROM fleet_runs WHERE ${AGED_FLEET_COPY}`, { endedBefore, keep }),
  );
  return { removable, onHost, unfinished, plans, fleetRuns };
}

/** Yields a selection for each workflow and status, from a position on. */
export function* selections(
  statements: Statements,
  workflows: readonly string[],
  { endedBefore, keep }: PruneRequest,
  path: string,
  after: PrunePosition | null = null,
): Generator<Selection> {
  for (const workflow of workflows) {
    if (after !== null && workflow < after.workflow) continue;
    const oldestKept = keep === 0 ? undefined : nthNewest(statements, workflow, keep, path);
    // The workflow has fewer runs than are kept.
    if (oldestKept === undefined && keep > 0) continue;
    // A run that ended before a moment was created before it.
    const until =
      oldestKept !== undefined && oldestKept.created_at < endedBefore
        ? { createdAt: oldestKept.created_at, id: oldestKept.id }
        : { createdAt: endedBefore, id: '' };
    const begun = after?.workflow === workflow ? after : null;
    const first = begun === null ? 0 : STORED_RUN_STATUSES.indexOf(begun.status);
    for (const status of STORED_RUN_STATUSES.slice(first)) {
      const from = begun?.status === status ? { afterCreatedAt: begun.createdAt, afterId: begun.id } : BEFORE_ALL;
      yield { workflow, status, endedBefore, ...until, ...from };
    }
  }
}

function nthNewest(statements: Statements, workflow: string, n: number, path: string) {
  const row = statements.row(
    'SELECT created_at, id FROM runs WHERE workflow = @workflow ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET @skip',
    { workflow, skip: n - 1 },
  );
  return row && parseRow(positionRow(), row, { path, table: 'runs', of: `workflow ${workflow}` });
}
