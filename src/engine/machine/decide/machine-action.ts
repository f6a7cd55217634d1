import { z } from 'zod';
import { lazy } from '../../model/lazy.ts';

const actionSchema = lazy(() => {
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

/** An action that XState asks its engine to carry out, without the members that wf does not need (`exec`, `info`). */
export type MachineAction = z.output<ReturnType<typeof actionSchema>>;

/**
 * Parses an action that a pure transition returns.
 * @throws TypeError if it is none that wf knows
 */
export function parseAction(action: { readonly type: string; readonly params?: unknown }): MachineAction {
  const parsed = actionSchema().safeParse(action);
  if (parsed.success) return parsed.data;
  throw new TypeError(`XState asks for an action that wf does not know: ${action.type}`, { cause: parsed.error });
}
