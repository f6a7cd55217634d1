import * as z from 'zod';
import { runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import { fleetIdSchema } from '../../fleet/model/ids.ts';

/** The query of the event stream. */
export const streamQuerySchema = z.strictObject({
  run: z.optional(runIdSchema()).meta({ description: 'follows this run' }),
  after: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(0)
    .meta({ description: 'the last entry of its journal that is known; the header `Last-Event-ID` takes precedence' }),
  fleet: fleetIdSchema.optional().meta({ description: 'reports that this fleet run has changed' }),
  fleets: z.literal('1').optional().meta({ description: 'reports that any fleet run has changed' }),
  runs: z.literal('1').optional().meta({ description: 'reports that any run has changed' }),
});
