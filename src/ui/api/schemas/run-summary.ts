import * as z from 'zod';
import { RUN_STATUSES } from '../../../engine/ports/history.ts';
import type { RunSummary } from '../../../review/record/run-record.ts';
import { schemaOf } from './described.ts';
import { errorSchema } from './error.ts';
import { durationSchema, jsonObjectSchema, jsonSchema, momentSchema } from './json.ts';

export const runStatusSchema = z.enum(RUN_STATUSES).meta({ id: 'RunStatus' });

/** The members that a summary and a record share. */
export const summaryMembers = {
  id: z.string(),
  workflow: z.string(),
  definitionHash: z.string().meta({ description: 'SHA-256 of the definition that the run started with' }),
  status: runStatusSchema,
  runtime: z.string().meta({ description: '`docker` or `embedded`' }),
  input: jsonObjectSchema.meta({ description: 'the input with its defaults; secrets are placeholders' }),
  output: jsonSchema.meta({ description: 'the output of the machine; null unless the run succeeded' }),
  createdAt: momentSchema,
  startedAt: momentSchema.nullable(),
  finishedAt: momentSchema.nullable(),
  durationMs: durationSchema.nullable().meta({ description: 'from the start to the end, pauses included' }),
  waitingFor: z
    .strictObject({
      events: z.array(
        z.strictObject({
          type: z.string(),
          data: jsonSchema.meta({ description: "the JSON schema of the event's data; null if there is none" }),
        }),
      ),
      timers: z.array(z.strictObject({ name: z.string(), deadline: momentSchema })),
      confirm: z.strictObject({ deadline: momentSchema }).nullable(),
      ask: z.exactOptional(
        z.strictObject({
          title: z.string(),
          text: z.string(),
          events: z.record(z.string(), z.strictObject({ label: z.string() })),
        }),
      ),
    })
    .nullable()
    .meta({ description: 'null unless the run waits or is unconfirmed' }),
  plan: z.string().nullable(),
  error: errorSchema.nullable(),
  retryOf: z.exactOptional(z.string()),
  retriedAs: z.exactOptional(z.string()),
  resume: z.exactOptional(z.literal('auto')),
  importedFrom: z.exactOptional(z.string()),
};

export const runSummarySchema = schemaOf<RunSummary>()(
  z
    .strictObject({
      ...summaryMembers,
      changesInPlace: z.number().int().nonnegative().meta({ description: 'the changes in place on this host' }),
    })
    .meta({ id: 'RunSummary' }),
);
