import * as z from 'zod';
import { CHANGE_STATUSES } from '../../../engine/model/change.ts';
import { type ErrorRecord, isErrorCode } from '../../../engine/model/errors.ts';
import type { Json } from '../../../engine/model/json.ts';
import type { StepDetail } from '../../../review/record/step-detail.ts';

/** Any JSON: step runners define their own. */
const json = z.custom<Json>();
const moment = z.iso.datetime();
const milliseconds = z.number().nonnegative();

const error: z.ZodType<ErrorRecord> = z.object({
  code: z.string().refine(isErrorCode),
  message: z.string(),
  hint: z.string(),
});

const STEP_STATUSES = ['running', 'retrying', 'succeeded', 'failed', 'stopped', 'interrupted', 'pending'] as const;
const OUTCOMES = ['running', 'succeeded', 'failed', 'stopped', 'interrupted'] as const;

/** One step in full, as `wf show RUN STEP --json` prints it. */
export const stepDetailSchema: z.ZodType<StepDetail> = z.object({
  run: z.string(),
  workflow: z.string(),
  id: z.string(),
  stage: z.string(),
  kind: z.string(),
  status: z.enum(STEP_STATUSES),
  startedAt: moment,
  finishedAt: moment.nullable(),
  durationMs: milliseconds.nullable(),
  input: json,
  output: json,
  error: error.nullable(),
  attempts: z.array(
    z.object({
      attempt: z.number().int(),
      outcome: z.enum(OUTCOMES),
      startedAt: moment,
      finishedAt: moment.nullable(),
      durationMs: milliseconds.nullable(),
      error: error.nullable(),
      retryAt: moment.nullable(),
    }),
  ),
  changes: z.array(
    z.object({
      seq: z.number().int(),
      step: z.string(),
      kind: z.string(),
      target: z.string(),
      status: z.enum(CHANGE_STATUSES),
      reason: z.string().nullable(),
      undo: z.array(z.string()),
      record: json,
      history: z.array(
        z.object({ at: moment, status: z.enum([...CHANGE_STATUSES, 'reverting']), reason: z.string().nullable() }),
      ),
    }),
  ),
  evidence: z.array(
    z.object({
      stage: z.string().nullable(),
      step: z.string(),
      attempt: z.number().int(),
      command: z.string(),
      output: z.string(),
      exitCode: z.number().int().nullable(),
      startedAt: moment,
      durationMs: milliseconds,
    }),
  ),
});
