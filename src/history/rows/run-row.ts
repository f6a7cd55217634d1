import * as z from 'zod/mini';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import { planIdSchema, runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import type { Owner } from '../../engine/model/identity/owner.ts';
import { asDefinitionHash } from '../../engine/model/ids.ts';
import { lazy } from '../../engine/model/lazy.ts';
import { namedHostsSchema } from '../../engine/model/named-host.ts';
import { notifyArgv } from '../../engine/notify/notify-argv.ts';
import { STORED_RUN_STATUSES, type StoredRun } from '../../engine/ports/history.ts';
import { IN_PLACE } from '../sqlite/schema.ts';
import { jsonObject, jsonText } from './parse-row.ts';

export const OWNER_COLUMNS = 'owner_pid, owner_start_time, owner_boot_id, owner_pid_namespace';

export const ownerColumns = lazy(() => ({
  owner_pid: z.nullable(z.number()),
  owner_start_time: z.nullable(z.string()),
  owner_boot_id: z.nullable(z.string()),
  owner_pid_namespace: z.nullable(z.string()),
}));

/** Returns the process that holds the lease of a run; null if none does. */
export function ownerOf(row: z.output<z.ZodMiniObject<ReturnType<typeof ownerColumns>>>): Owner | null {
  const { owner_pid: pid, owner_start_time: startTime, owner_boot_id: bootId, owner_pid_namespace: pidNamespace } = row;
  if (pid === null || startTime === null || bootId === null) return null;
  return { pid, startTime, bootId, ...(pidNamespace === null ? {} : { pidNamespace }) };
}

/** The lease of a run. */
export const leaseRow = lazy(() =>
  z.object({
    number: z.number(),
    fence: z.number(),
    status: z.enum(STORED_RUN_STATUSES),
    imported_from: z.nullable(z.string()),
    ...ownerColumns(),
  }),
);

/** The options of a run, as its row and a run file hold them. */
export const runOptions = lazy(() =>
  z.object({
    onFailure: z.enum(['rollback', 'keep']),
    pauseAfter: z.nullable(z.string()),
    file: z.exactOptional(z.string()),
    confirm: z.exactOptional(
      z.object({
        withinMs: z.number(),
        applyWithinMs: z.number(),
        newSession: z.boolean(),
        probe: z.nullable(z.string()),
        guard: z.boolean(),
      }),
    ),
    retryOf: z.exactOptional(runIdSchema()),
    resume: z.exactOptional(z.literal('auto')),
    notify: z.exactOptional(z.nullable(notifyArgv())),
    // Null stands for a secret that was typed.
    secrets: z.exactOptional(z.record(z.string(), z.nullable(z.string()))),
    plan: z.exactOptional(planIdSchema()),
    hosts: z.exactOptional(namedHostsSchema()),
  }),
);

/** The members of a place. */
export const placeMembers = lazy(() => ({
  bootId: z.string(),
  networkNamespace: z.object({ inode: z.number(), name: z.nullable(z.string()) }),
  pidNamespace: z.string(),
  folder: z.string(),
  user: z.number(),
}));

/** The place where a run was started. */
const runPlace = lazy(() => z.object(placeMembers()));

/** Condition for a run of which a retry is due. */
export const RETRY_DUE = `runs.status = 'failed' AND runs.imported_from IS NULL AND EXISTS (
  SELECT 1 FROM open_requests AS asked JOIN journal ON journal.run = asked.run AND journal.seq = asked.seq
  WHERE asked.run = runs.number AND json_extract(journal.data, '$.demand.kind') = 'retry')`;

export const RUN_COLUMNS = `id, workflow, definition_hash, runtime, input, options, place, status, created_at, started_at,
  finished_at, output, error, fence, ${OWNER_COLUMNS}, imported_from, CASE WHEN imported_from IS NULL THEN
    (SELECT count(*) FROM changes WHERE changes.run = runs.number AND changes.${IN_PLACE}) ELSE 0 END AS changes_in_place,
  (${RETRY_DUE}) AS retry_due,
  (SELECT later.id FROM runs AS later
     WHERE later.retry_of = runs.id AND later.imported_from IS NULL) AS retried_as`;

/** A run, of the columns {@link RUN_COLUMNS}. */
export const runRow = lazy(() =>
  z.pipe(
    z.object({
      id: runIdSchema(),
      workflow: z.string(),
      definition_hash: z.pipe(z.string(), z.transform(asDefinitionHash)),
      runtime: z.enum(['docker', 'embedded']),
      input: z.pipe(jsonText(), jsonObject()),
      options: z.pipe(jsonText(), runOptions()),
      place: z.nullable(z.pipe(jsonText(), runPlace())),
      status: z.enum(STORED_RUN_STATUSES),
      created_at: z.number(),
      started_at: z.nullable(z.number()),
      finished_at: z.nullable(z.number()),
      output: z.nullable(jsonText()),
      error: z.nullable(z.pipe(jsonText(), errorRecordSchema())),
      fence: z.number(),
      ...ownerColumns(),
      imported_from: z.nullable(z.string()),
      changes_in_place: z.number(),
      retry_due: z.number(),
      retried_as: z.nullable(runIdSchema()),
    }),
    z.transform(
      (row): StoredRun => ({
        id: row.id,
        workflow: row.workflow,
        definitionHash: row.definition_hash,
        runtime: row.runtime,
        input: row.input,
        options: row.options,
        createdAt: row.created_at,
        ...(row.place === null ? {} : { place: row.place }),
        status: row.status,
        owner: ownerOf(row),
        fence: row.fence,
        startedAt: row.started_at,
        finishedAt: row.finished_at,
        output: row.output,
        error: row.error,
        changesInPlace: row.changes_in_place,
        importedFrom: row.imported_from,
        isRetryDue: row.retry_due === 1,
        retriedAs: row.retried_as,
      }),
    ),
  ),
);
