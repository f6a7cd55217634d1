import type { AnyMachineSnapshot } from 'xstate';
import { z } from 'zod';
import type { Ask } from '../model/journal-event.ts';
import { lazy } from '../model/lazy.ts';

/** The member `ask` of a state's `meta`. */
export const askSchema = lazy(() =>
  z.strictObject({
    title: z.string(),
    text: z.string().default(''),
    events: z.record(z.string(), z.strictObject({ label: z.string() })),
  }),
);

/** Returns the question that an active state asks people; that of the first one if several do. */
export function askOf(snapshot: AnyMachineSnapshot): Ask | undefined {
  for (const meta of Object.values(snapshot.getMeta())) {
    const given: unknown = typeof meta === 'object' && meta !== null && 'ask' in meta ? meta.ask : undefined;
    const ask = askSchema().safeParse(given);
    if (ask.success) return ask.data;
  }
  return undefined;
}
