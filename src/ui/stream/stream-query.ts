import * as z from 'zod';
import { runIdSchema } from '../../engine/model/identity-schemas.ts';

/** The query of the event stream. */
export const streamQuerySchema = z.strictObject({
  run: z.optional(runIdSchema()).meta({ description: 'follows this run' }),
  after: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(0)
    .meta({ description: 'the last entry of its journal that is known; the header `Last-Event-ID` takes precedence' }),
  runs: z.literal('1').optional().meta({ description: 'reports that any run has changed' }),
});
