import * as z from 'zod';
import type { MachineEvent } from '../../../engine/model/machine-event.ts';
import { STEP_STATUSES } from '../../../engine/ports/history.ts';
import type { RequestRecord } from '../../../review/record/request-record.ts';
import type { RunRecord } from '../../../review/record/run-record.ts';
import { changeSchema } from './change.ts';
import { schemaOf } from './described.ts';
import { errorSchema } from './error.ts';
import { durationSchema, jsonSchema, momentSchema } from './json.ts';
import { summaryMembers } from './run-summary.ts';
import { verificationRecordSchema } from './verification.ts';

const machineEventSchema: z.ZodType<MachineEvent> = z.object({ type: z.string() }).catchall(jsonSchema);

export const stepStatusSchema = z.enum([...STEP_STATUSES, 'interrupted', 'pending']);

export const requestSchema = schemaOf<RequestRecord>()(
  z
    .strictObject({
      at: momentSchema,
      by: z.strictObject({ user: z.string(), sudoUser: z.string().nullable(), host: z.string() }),
      kind: z.enum(['send', 'pause', 'cancel', 'confirm', 'retry', 'settle']),
      event: machineEventSchema.nullable(),
      comment: z.string().nullable(),
      outcome: z
        .discriminatedUnion('type', [
          z.strictObject({ type: z.literal('handled') }),
          z.strictObject({ type: z.literal('refused'), error: errorSchema }),
        ])
        .nullable(),
    })
    .meta({ id: 'Request' }),
);

export const runRecordSchema = schemaOf<RunRecord>()(
  z
    .strictObject({
      ...summaryMembers,
      stages: z.array(
        z.strictObject({
          name: z.string(),
          status: z.enum(['pending', 'running', 'succeeded', 'failed', 'skipped', 'interrupted']),
          durationMs: durationSchema.nullable(),
        }),
      ),
      steps: z.array(
        z.strictObject({
          id: z.string(),
          stage: z.string(),
          kind: z.string(),
          host: z
            .exactOptional(z.string())
            .meta({ description: 'the named host that it works on; absent for the own host of the run' }),
          status: stepStatusSchema,
          attempts: z.number().int().nonnegative(),
          startedAt: momentSchema,
          durationMs: durationSchema.nullable(),
          output: jsonSchema,
          error: errorSchema.nullable(),
        }),
      ),
      changes: z.array(changeSchema),
      proofs: z.array(z.strictObject({ claim: z.string(), figures: z.string() })),
      requests: z.array(requestSchema),
      verification: verificationRecordSchema.nullable(),
    })
    .meta({ id: 'RunRecord' }),
);
