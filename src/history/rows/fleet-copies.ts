import * as z from 'zod/mini';
import { type Json, parseJson } from '../../engine/model/json.ts';
import { lazy } from '../../engine/model/lazy.ts';
import type { Statements } from '../../sqlite/statements.ts';
import { compress } from './compression.ts';
import { compressedText, parseRow } from './parse-row.ts';

/** A fleet run that has ended, as a list shows it. Times are in milliseconds since the epoch. */
export interface FleetCopySummary {
  readonly id: string;
  readonly workflow: string;
  readonly status: string;
  readonly hosts: number;
  readonly createdAt: number;
  readonly finishedAt: number;
}

/** The copy of a fleet run, which the engine of the fleet may forget. */
export interface FleetCopy extends FleetCopySummary {
  /** Rises with each change of the fleet run. */
  readonly version: number;
  /** The output of `wf fleet show --json`. */
  readonly record: Json;
}

/** Selects copies that satisfy all conditions. */
export interface FleetCopyFilter {
  readonly workflow?: string;
  readonly status?: string;
  /** Created at this moment or later. */
  readonly since?: number;
  /** Created before this moment. */
  readonly until?: number;
  readonly limit: number;
}

const SUMMARY_COLUMNS = 'id, workflow, status, hosts, created_at, finished_at';

const summaryColumns = lazy(() => ({
  id: z.string(),
  workflow: z.string(),
  status: z.string(),
  hosts: z.number(),
  created_at: z.number(),
  finished_at: z.number(),
}));
const summaryRow = lazy(() => z.object(summaryColumns()));
const copyRow = lazy(() => z.object({ ...summaryColumns(), version: z.number(), compressed: compressedText() }));

/** Stores a copy in the place of an older one of the same fleet run. */
export function storeFleetCopy(statements: Statements, { record, ...copy }: FleetCopy): void {
  statements.run(
    `INSERT INTO fleet_runs (${SUMMARY_COLUMNS}, version, compressed)
     VALUES (@id, @workflow, @status, @hosts, @createdAt, @finishedAt, @version, @compressed)
     ON CONFLICT (id, created_at) DO UPDATE SET status = excluded.status, finished_at = excluded.finished_at,
       version = excluded.version, compressed = excluded.compressed WHERE excluded.version > version`,
    { ...copy, compressed: compress(JSON.stringify(record)) },
  );
}

/** Returns the copy with an id: of several, which engines with other data have had, the newest. */
export function readFleetCopy(statements: Statements, id: string, path: string): FleetCopy | undefined {
  const row = statements.row(
    `SELECT ${SUMMARY_COLUMNS}, version, compressed FROM fleet_runs WHERE id = @id ORDER BY created_at DESC LIMIT 1`,
    { id },
  );
  if (row === undefined) return undefined;
  const { compressed, version, ...summary } = parseRow(copyRow(), row, place(path, id));
  return { ...summaryOf(summary), version, record: parseJson(compressed) };
}

/** Lists copies, newest first. */
export function listFleetCopies(
  statements: Statements,
  { workflow, status, since, until, limit }: FleetCopyFilter,
  path: string,
): readonly FleetCopySummary[] {
  return statements
    .rows(
      `SELECT ${SUMMARY_COLUMNS} FROM fleet_runs
       WHERE created_at >= @since AND created_at < @until
         AND (@workflow IS NULL OR workflow = @workflow) AND (@status IS NULL OR status = @status)
       ORDER BY created_at DESC, id DESC LIMIT @limit`,
      {
        workflow: workflow ?? null,
        status: status ?? null,
        since: since ?? Number.MIN_SAFE_INTEGER,
        until: until ?? Number.MAX_SAFE_INTEGER,
        limit,
      },
    )
    .map((row) => summaryOf(parseRow(summaryRow(), row, place(path, row['id']))));
}

const place = (path: string, id: unknown) => ({ path, table: 'fleet_runs', of: `fleet run ${id}` });

function summaryOf({
  created_at,
  finished_at,
  ...rest
}: z.output<z.ZodMiniObject<ReturnType<typeof summaryColumns>>>): FleetCopySummary {
  return { ...rest, createdAt: created_at, finishedAt: finished_at };
}
