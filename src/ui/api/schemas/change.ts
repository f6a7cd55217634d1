import * as z from 'zod';
import { CHANGE_STATUSES } from '../../../engine/model/change.ts';
import type { ChangeInPlaceRecord } from '../../../review/changes/changes-in-place.ts';
import type { RunChanges } from '../../../review/changes/run-changes.ts';
import type { ChangeRecord } from '../../../review/record/run-record.ts';
import { schemaOf } from './described.ts';
import { momentSchema } from './json.ts';
import { runStatusSchema } from './run-summary.ts';
import { verificationRecordSchema } from './verification.ts';

const statusSchema = z.enum(CHANGE_STATUSES).meta({ id: 'ChangeStatus' });

export const changeMembers = {
  seq: z.number().int().positive().meta({ description: 'the position in the ledger of its run' }),
  step: z.string(),
  kind: z.string(),
  target: z.string().meta({ description: 'the altered object, for people' }),
  title: z.exactOptional(z.string()).meta({ description: '`meta.title` of the state whose step made it' }),
  host: z
    .exactOptional(z.string())
    .meta({ description: 'the named host that was altered; absent for the own host of the run' }),
  status: statusSchema,
  reason: z.string().nullable().meta({ description: 'why it has this status' }),
  undo: z.array(z.string()).meta({ description: 'the command lines that undo it by hand, in this order' }),
};

export const changeSchema = schemaOf<ChangeRecord>()(z.strictObject(changeMembers).meta({ id: 'Change' }));

export const changeInPlaceSchema = schemaOf<ChangeInPlaceRecord>()(
  z.strictObject({ run: z.string(), workflow: z.string(), ...changeMembers }).meta({ id: 'ChangeInPlace' }),
);

const fingerprintSchema = z.strictObject({ hash: z.string().nullable(), at: momentSchema });

export const runChangesSchema = schemaOf<RunChanges>()(
  z
    .strictObject({
      run: z.string(),
      workflow: z.string(),
      status: runStatusSchema,
      changed: z
        .array(
          z.strictObject({
            seq: z.number().int().positive(),
            step: z.string(),
            kind: z.string(),
            object: z.string().meta({ description: 'the sort of the object: `network`, `link`, `route`' }),
            change: z.enum(['made', 'altered']),
            target: z.string(),
            identity: z.record(z.string(), z.string()),
            appliedAt: momentSchema.nullable(),
            settledAt: momentSchema.nullable(),
            status: statusSchema,
            reason: z.string().nullable(),
          }),
        )
        .meta({ description: 'in the order of the ledger' }),
      fullest: z
        .strictObject({ at: momentSchema, count: z.number().int() })
        .nullable()
        .meta({ description: 'the moment with the most changes in place' }),
      compared: z.strictObject({
        before: fingerprintSchema.nullable(),
        after: fingerprintSchema.nullable(),
        equal: z.boolean().nullable(),
        sections: z.array(
          z.strictObject({
            name: z.string(),
            before: z.string().nullable().meta({ description: '`read`, or why it could not be read' }),
            after: z.string().nullable(),
            entriesBefore: z.number().int().nullable(),
            entriesAfter: z.number().int().nullable(),
          }),
        ),
        leftOut: z.array(z.string()),
      }),
      verification: verificationRecordSchema.nullable(),
    })
    .meta({ id: 'RunChanges' }),
);
