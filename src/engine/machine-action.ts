import { z } from 'zod';

const eventSchema = z.looseObject({ type: z.string() });

const actionSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('xstate.spawnChild'),
    params: z.object({ id: z.string(), src: z.string(), input: z.unknown().optional() }),
  }),
  z.object({ type: z.literal('xstate.stopChild'), params: z.object({ id: z.string() }) }),
  z.object({
    type: z.literal('xstate.raise'),
    params: z.object({ event: eventSchema, id: z.string().optional(), delay: z.number().optional() }),
  }),
  z.object({ type: z.literal('xstate.cancel'), params: z.object({ sendId: z.string() }) }),
  z.object({ type: z.literal('xstate.log'), params: z.object({ value: z.unknown() }) }),
  z.object({ type: z.literal('xstate.emit'), params: z.object({ event: eventSchema }) }),
]);

/** What a pure transition asks its engine to do. */
export type MachineAction = z.infer<typeof actionSchema>;

/** An action as XState answers with it; its `exec` and `info` are of no interest here. @throws ZodError where it is none of these */
export function parseAction(action: unknown): MachineAction {
  return actionSchema.parse(action);
}
