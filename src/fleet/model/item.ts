import { z } from 'zod';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import { runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import { fleetIdSchema, type ItemId, itemIdSchema } from './ids.ts';
import { sealedSchema } from './sealed.ts';

/** The name of a workflow: a fleet accepts no paths of files. */
export const workflowNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/);

const inputSchema = z.record(z.string(), z.json());

/** A workflow for a host to run, under exactly this definition. */
export const workSchema = z.strictObject({
  workflow: workflowNameSchema,
  definitionHash: z.string().regex(/^[0-9a-f]{64}$/),
  input: inputSchema,
  /** The host undoes its part unless the fleet confirms it within this time; null if the part need not be confirmed. Whole seconds. */
  confirmWithinMs: z.int().min(1_000).multipleOf(1_000).nullable(),
});
export type Work = Readonly<z.output<typeof workSchema>>;

/** A rollback has the secrets, too: commands that undo may need them. */
const itemBase = { id: itemIdSchema, fleet: fleetIdSchema, part: runIdSchema(), sealed: sealedSchema.optional() };

/** A request to a host, in its mailbox until the host has answered it. */
export const itemSchema = z.discriminatedUnion('action', [
  z.strictObject({ ...itemBase, action: z.literal('run'), work: workSchema }),
  /** Undoes the part, or makes sure that it never starts. `attempt` counts from 1. */
  z.strictObject({ ...itemBase, action: z.literal('roll-back'), attempt: z.int().min(1), reason: z.string() }),
]);
export type Item = Readonly<z.output<typeof itemSchema>>;
export type Action = Item['action'];

/** The answer of a host to an item. */
export const answerSchema = z.discriminatedUnion('type', [
  /** The part has ended. */
  z.strictObject({
    type: z.literal('ended'),
    status: z.enum(['succeeded', 'failed', 'rolled-back', 'needs-attention']),
    definitionHash: z.string(),
    /** Whether verification found the host restored; null if it was not verified. */
    restored: z.boolean().nullable(),
    /** Changes that are in place, without those that are kept by design. */
    changesInPlace: z.int().min(0),
    startedAt: z.string().nullable(),
    finishedAt: z.string().nullable(),
    error: z.nullable(errorRecordSchema()),
  }),
  /** The part did not start, and nothing was touched. */
  z.strictObject({ type: z.literal('refused'), error: errorRecordSchema() }),
  /** The part has not started, and a tombstone keeps it from ever starting. */
  z.strictObject({ type: z.literal('tombstoned') }),
]);
export type Answer = Readonly<z.output<typeof answerSchema>>;

/** Returns the id of an item: the same for each delivery, and another one for each attempt to roll back. */
export function itemIdOf(part: string, action: Action, attempt: number): ItemId {
  return itemIdSchema.parse(action === 'run' ? `${part}/run` : `${part}/roll-back/${attempt}`);
}

/** Whether an answer proves that nothing of the part is in place on the host. */
export function isUndone(answer: Answer): boolean {
  if (answer.type !== 'ended') return true;
  return answer.status !== 'needs-attention' && answer.changesInPlace === 0;
}
