import * as z from 'zod';
import type { FindingRecord } from '../../../review/record/finding-record.ts';
import { schemaOf } from './described.ts';
import { errorSchema } from './error.ts';

export const findingSchema = schemaOf<FindingRecord>()(
  z
    .strictObject({
      title: z.string(),
      purpose: z.string().meta({ description: 'why wf checks it' }),
      needed: z.boolean().meta({ description: 'whether no run can start without it' }),
      met: z.boolean(),
      found: z.string().nullable(),
      error: errorSchema.nullable(),
    })
    .meta({ id: 'Finding' }),
);
