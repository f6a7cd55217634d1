import * as z from 'zod';
import { CHANGE_STATUSES } from '../../../engine/model/change.ts';
import type { StepDetail } from '../../../review/record/steps/step-detail.ts';
import { changeMembers } from './change.ts';
import { schemaOf } from './described.ts';
import { errorSchema } from './error.ts';
import { evidenceSchema } from './evidence.ts';
import { durationSchema, jsonSchema, momentSchema } from './json.ts';
import { stepStatusSchema } from './run-record.ts';

/** One step in full, as `wf show RUN STEP --json` prints it. */
export const stepDetailSchema = schemaOf<StepDetail>()(
  z
    .strictObject({
      run: z.string(),
      workflow: z.string(),
      id: z.string(),
      stage: z.string(),
      kind: z.string(),
      host: z.exactOptional(z.string()),
      status: stepStatusSchema,
      startedAt: momentSchema,
      finishedAt: momentSchema.nullable(),
      durationMs: durationSchema.nullable(),
      input: jsonSchema,
      output: jsonSchema,
      error: errorSchema.nullable(),
      attempts: z.array(
        z.strictObject({
          attempt: z.number().int(),
          outcome: z.enum(['running', 'succeeded', 'failed', 'stopped', 'interrupted']),
          startedAt: momentSchema,
          finishedAt: momentSchema.nullable(),
          durationMs: durationSchema.nullable(),
          error: errorSchema.nullable(),
          retryAt: momentSchema.nullable(),
        }),
      ),
      changes: z.array(
        z.strictObject({
          ...changeMembers,
          record: jsonSchema.meta({ description: 'all that undoing needs; the step runner defines its shape' }),
          history: z.array(
            z.strictObject({
              at: momentSchema,
              status: z.enum([...CHANGE_STATUSES, 'reverting']),
              reason: z.string().nullable(),
            }),
          ),
        }),
      ),
      evidence: z.array(evidenceSchema),
    })
    .meta({ id: 'Step' }),
);
