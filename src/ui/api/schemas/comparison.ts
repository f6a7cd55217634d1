import * as z from 'zod';
import type { RunComparison } from '../../../review/compare/run-comparison.ts';
import { schemaOf } from './described.ts';
import { errorSchema } from './error.ts';
import { durationSchema, jsonSchema } from './json.ts';
import { runSummarySchema } from './run-summary.ts';

const onlyOne = z.strictObject({ onlyFirst: z.array(z.string()), onlySecond: z.array(z.string()) });

const memberDifference = {
  member: z.string().meta({ description: 'its path; empty for the value itself' }),
  first: z.exactOptional(jsonSchema),
  second: z.exactOptional(jsonSchema),
};

const outcome = z.strictObject({
  status: z.string(),
  attempts: z.number().int().nullable(),
  error: errorSchema.nullable(),
});

const timing = {
  first: durationSchema.nullable(),
  second: durationSchema.nullable(),
  ratio: z.number().nullable().meta({ description: 'the second divided by the first' }),
};

export const comparisonSchema = schemaOf<RunComparison>()(
  z
    .strictObject({
      workflow: z.string(),
      first: runSummarySchema,
      second: runSummarySchema,
      definition: z.strictObject({ equal: z.boolean(), differences: z.array(z.string()) }),
      inputs: z.array(z.strictObject(memberDifference)),
      path: onlyOne,
      steps: onlyOne,
      outcomes: z.array(z.strictObject({ step: z.string().nullable(), first: outcome, second: outcome })),
      outputs: z.array(
        z.strictObject({
          ...memberDifference,
          step: z.string().nullable(),
          relevance: z.enum(['significant', 'derived', 'incidental']),
        }),
      ),
      timings: z.strictObject({
        run: z.strictObject(timing),
        stages: z.array(z.strictObject({ ...timing, stage: z.string() })),
        steps: z.array(z.strictObject({ ...timing, step: z.string(), stage: z.string() })),
      }),
    })
    .meta({ id: 'RunComparison' }),
);
