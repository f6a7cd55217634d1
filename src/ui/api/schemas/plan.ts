import * as z from 'zod';
import { OBSERVED_STATES } from '../../../engine/plan/saved-plan.ts';
import type { PlanRecord } from '../../../review/record/plan-record.ts';
import { schemaOf } from './described.ts';
import { errorSchema } from './error.ts';
import { jsonObjectSchema, momentSchema } from './json.ts';

export const planSchema = schemaOf<PlanRecord>()(
  z
    .strictObject({
      id: z.string().nullable(),
      createdAt: momentSchema.nullable(),
      workflow: z.string(),
      file: z.string().nullable(),
      definitionHash: z.string(),
      run: z.string().nullable().meta({ description: 'the id of the run that it starts' }),
      usedBy: z.string().nullable().meta({ description: 'the run that it has started; null if it is unused' }),
      runtime: z.string(),
      input: jsonObjectSchema,
      onFailure: z.enum(['rollback', 'keep']),
      pauseAfter: z.string().nullable(),
      confirm: z
        .strictObject({
          withinMs: z.number(),
          applyWithinMs: z.number(),
          newSession: z.boolean(),
          probe: z.string().nullable(),
          guard: z.boolean(),
        })
        .nullable(),
      resume: z.literal('auto').nullable(),
      notify: z.array(z.string()).nullable(),
      secrets: z.record(z.string(), z.string().nullable()),
      place: z
        .strictObject({
          bootId: z.string(),
          networkNamespace: z.strictObject({ inode: z.number(), name: z.string().nullable() }),
          pidNamespace: z.string(),
          folder: z.string(),
          user: z.number(),
          engine: z.string().nullable(),
        })
        .nullable(),
      steps: z.array(
        z.strictObject({
          step: z.string(),
          stage: z.string(),
          kind: z.string(),
          host: z.exactOptional(z.string()),
          changes: z.boolean(),
          commands: z.array(z.string()),
          inputFrom: z.array(z.string()),
          onlyIf: z.array(z.string()),
          observed: z
            .strictObject({
              found: z.enum(OBSERVED_STATES),
              target: z.string().nullable(),
              error: errorSchema.nullable(),
            })
            .nullable(),
        }),
      ),
    })
    .meta({ id: 'Plan' }),
);
