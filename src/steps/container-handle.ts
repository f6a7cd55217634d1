import { z } from 'zod';
import { placeHandleSchema } from './place-handle.ts';

/**
 * Identity of a container across steps: its id, the start that its process belongs to, and its network namespace. A restarted
 * container has another `startedAt` and another namespace.
 */
export const containerHandleSchema = placeHandleSchema.extend({
  id: z.string().describe('container id'),
  name: z.string().describe('container name'),
  startedAt: z.string().describe('start time, as the engine reports it'),
  pid: z.number().int().describe('pid of the first process'),
});

export type ContainerHandle = z.infer<typeof containerHandleSchema>;
