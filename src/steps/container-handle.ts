import { z } from 'zod';

/** A network namespace: where to open it, and what it must be. */
export const namespaceSchema = z.object({ path: z.string(), inode: z.number().int() });

/**
 * A container as a step may hold on to it: its id, the start that its process and its namespace belong to, and
 * that namespace. A container that was started again has another `startedAt` and another namespace.
 */
export const containerHandleSchema = z.object({
  id: z.string(),
  name: z.string(),
  startedAt: z.string(),
  pid: z.number().int(),
  namespace: namespaceSchema,
});

export type ContainerHandle = z.infer<typeof containerHandleSchema>;
