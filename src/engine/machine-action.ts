import { z } from 'zod';
import { later } from './later.ts';

const actionSchema = later(() => {
  const event = z.looseObject({ type: z.string() });
  return z.discriminatedUnion('type', [
    z.object({
      type: z.literal('xstate.spawnChild'),
      params: z.object({ id: z.string(), src: z.string(), input: z.unknown().optional() }),
    }),
    z.object({ type: z.literal('xstate.stopChild'), params: z.object({ id: z.string() }) }),
    z.object({
      type: z.literal('xstate.raise'),
      params: z.object({ event, id: z.string().optional(), delay: z.number().optional() }),
    }),
    z.object({ type: z.literal('xstate.cancel'), params: z.object({ sendId: z.string() }) }),
    z.object({ type: z.literal('xstate.log'), params: z.object({ value: z.unknown() }) }),
    z.object({ type: z.literal('xstate.emit'), params: z.object({ event }) }),
  ]);
});

/** What a pure transition asks its engine to do. */
export type MachineAction = z.infer<ReturnType<typeof actionSchema>>;

/** An action as XState answers with it; its `exec` and `info` are of no interest here. @throws ZodError where it is none of these */
export function parseAction(action: unknown): MachineAction {
  return plainSpawn(action) ?? actionSchema().parse(action);
}

/** Most actions start a step: the schema, which takes a millisecond to make, is for the others, and says what is wrong. */
function plainSpawn(action: unknown): MachineAction | undefined {
  const { type, params } = isObject(action) ? action : {};
  if (type !== 'xstate.spawnChild' || !isObject(params)) return undefined;
  const { id, src, input } = params;
  if (typeof id !== 'string' || typeof src !== 'string') return undefined;
  return { type, params: 'input' in params ? { id, src, input } : { id, src } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
