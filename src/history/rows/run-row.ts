import { z } from 'zod';
import { CHANGE_STATUSES, type Change } from '../../engine/change.ts';
import { runIdSchema } from '../../engine/identity-schemas.ts';
import { asDefinitionHash, asStepId, parseRunId } from '../../engine/ids.ts';
import { isJsonObject } from '../../engine/json.ts';
import { later } from '../../engine/later.ts';
import type { Owner } from '../../engine/owner.ts';
import {
  STEP_STATUSES,
  STORED_RUN_STATUSES,
  type StandingChange,
  type StoredEvidence,
  type StoredRun,
  type StoredStep,
} from '../../engine/ports/history.ts';
import { deflatedText, errorIn, jsonIn, jsonText } from './parse-row.ts';

const time = later(() => z.number());

export const ownerColumns = later(() => ({
  owner_pid: z.number().nullable(),
  owner_start_time: z.string().nullable(),
  owner_boot_id: z.string().nullable(),
  owner_pid_namespace: z.string().nullable(),
}));

/** The process that holds a run's lease; null where nobody does. */
export function ownerOf(row: z.output<z.ZodObject<ReturnType<typeof ownerColumns>>>): Owner | null {
  const { owner_pid: pid, owner_start_time: startTime, owner_boot_id: bootId, owner_pid_namespace: pidNamespace } = row;
  if (pid === null || startTime === null || bootId === null) return null;
  return { pid, startTime, bootId, ...(pidNamespace === null ? {} : { pidNamespace }) };
}

/** A run whose lease is held, as every append asks for it, with the last seq of its journal. */
export const heldRow = later(() =>
  z.tuple([z.number(), z.enum(STORED_RUN_STATUSES), time().nullable(), z.number().nullable()]),
);

/** Who may write a run's journal. */
export const leaseRow = later(() =>
  z.object({
    number: z.number(),
    fence: z.number(),
    status: z.enum(STORED_RUN_STATUSES),
    imported_from: z.string().nullable(),
    ...ownerColumns(),
  }),
);

/** The options of a run, as its row and a run file hold them. */
export const runOptions = later(() =>
  z.object({
    onFailure: z.enum(['rollback', 'keep']),
    pauseAfter: z.string().nullable(),
    // Null where it was typed. Absent where the run has none.
    secrets: z.exactOptional(z.record(z.string(), z.string().nullable())),
  }),
);

/** Place where a run was started. */
export const runPlace = later(() =>
  z.object({
    bootId: z.string(),
    networkNamespace: z.object({ inode: z.number(), name: z.string().nullable() }),
    pidNamespace: z.string(),
    folder: z.string(),
    user: z.number(),
  }),
);

/** Asked for by the thousand, as steps are: what SQLite gives is checked in one go, then what is in it. */
export const runRow = later(() =>
  z
    .object({
      id: z.string(),
      workflow: z.string(),
      definition_hash: z.string(),
      runtime: z.enum(['docker', 'embedded']),
      input: z.string(),
      options: z.string(),
      status: z.enum(STORED_RUN_STATUSES),
      created_at: time(),
      started_at: time().nullable(),
      finished_at: time().nullable(),
      output: z.string().nullable(),
      error: z.string().nullable(),
      fence: z.number(),
      ...ownerColumns(),
      place: z.string().nullable(),
      changes_in_place: z.number(),
      imported_from: z.string().nullable(),
    })
    .transform((row, context): StoredRun => {
      const id = parseRunId(row.id);
      const input = jsonIn(row.input, context);
      const options = runOptions().safeParse(jsonIn(row.options, context));
      const place = row.place === null ? undefined : runPlace().safeParse(jsonIn(row.place, context));
      if (id === undefined) context.addIssue(`not a run id: ${row.id}`);
      if (place?.success === false) context.addIssue(`place: ${z.prettifyError(place.error)}`);
      if (!isJsonObject(input)) context.addIssue('input: not a JSON object');
      if (!options.success) context.addIssue(`options: ${z.prettifyError(options.error)}`);
      if (id === undefined || !isJsonObject(input) || !options.success || place?.success === false) return z.NEVER;
      return {
        id,
        workflow: row.workflow,
        definitionHash: asDefinitionHash(row.definition_hash),
        runtime: row.runtime,
        input,
        options: options.data,
        createdAt: row.created_at,
        ...(place === undefined ? {} : { place: place.data }),
        status: row.status,
        owner: ownerOf(row),
        fence: row.fence,
        startedAt: row.started_at,
        finishedAt: row.finished_at,
        output: row.output === null ? null : jsonIn(row.output, context),
        error: row.error === null ? null : errorIn(row.error, context),
        changesInPlace: row.changes_in_place,
        importedFrom: row.imported_from,
      };
    }),
);

export const stepRow = later(() =>
  z
    .object({
      id: z.string(),
      stage: z.string(),
      kind: z.string(),
      status: z.enum(STEP_STATUSES),
      attempts: z.number(),
      started_at: time(),
      finished_at: time().nullable(),
      input: z.string(),
      output: z.string().nullable(),
      error: z.string().nullable(),
    })
    .transform(
      (row, context): StoredStep => ({
        id: asStepId(row.id),
        stage: row.stage,
        kind: row.kind,
        status: row.status,
        attempts: row.attempts,
        input: jsonIn(row.input, context),
        output: row.output === null ? null : jsonIn(row.output, context),
        error: row.error === null ? null : errorIn(row.error, context),
        startedAt: row.started_at,
        finishedAt: row.finished_at,
      }),
    ),
);

const changeColumns = later(() =>
  z.object({
    seq: z.number(),
    step: z.string().transform(asStepId),
    kind: z.string(),
    target: z.string(),
    record: jsonText(),
    undo: jsonText().pipe(z.array(z.string())),
    status: z.enum(CHANGE_STATUSES),
    reason: z.string().nullable(),
    boot_id: z.string(),
  }),
);

export const changeRow = later(() =>
  changeColumns().transform(({ boot_id: bootId, ...row }): Change => ({ ...row, bootId })),
);

export const standingChangeRow = later(() =>
  changeColumns()
    .extend({ run: runIdSchema() })
    .transform(({ boot_id: bootId, ...row }): StandingChange => ({ ...row, bootId })),
);

export const evidenceRow = later(() =>
  z
    .object({
      step: z.string().transform(asStepId),
      attempt: z.number(),
      command: z.string(),
      output: z.string(),
      deflated: deflatedText().nullable(),
      exit_code: z.number().nullable(),
      started_at: time(),
      duration_ms: z.number(),
    })
    .transform(
      ({
        output,
        deflated,
        exit_code: exitCode,
        started_at: startedAt,
        duration_ms: durationMs,
        ...row
      }): StoredEvidence => ({
        ...row,
        output: deflated ?? output,
        exitCode,
        startedAt,
        durationMs,
      }),
    ),
);

export const claimHolderRow = later(() =>
  z.object({
    number: z.number(),
    id: runIdSchema(),
    workflow: z.string(),
    status: z.enum(STORED_RUN_STATUSES),
    standing: z.number(),
  }),
);
