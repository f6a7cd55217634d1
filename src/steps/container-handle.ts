import { z } from 'zod';
import { WfError } from '../engine/model/errors.ts';
import type { NamespaceRef } from '../engine/ports/command.ts';
import { openNamespace } from '../host/namespaces/open-namespace.ts';

/** A process. The start time distinguishes it from a later process with the same pid. */
export const processSchema = z.object({
  pid: z.number().int().describe('process id'),
  startTime: z.string().describe('start time of the process, in clock ticks since boot'),
  bootId: z.string().describe('id of the boot'),
});

/** A network namespace: the path that opens it and its identity. */
export const namespaceSchema = z.object({
  path: z.string().describe('path that opens the namespace'),
  inode: z.number().int().describe('inode of the namespace'),
  process: processSchema
    .nullable()
    .default(null)
    .describe('process that keeps the namespace alive; null if a file does, such as `/run/netns/lab`'),
});

/**
 * Identity of a container across steps: its id, the start that its process belongs to, and its network namespace. A restarted
 * container has another `startedAt` and another namespace.
 */
export const containerHandleSchema = z.object({
  id: z.string().describe('container id'),
  name: z.string().describe('container name'),
  startedAt: z.string().describe('start time, as the engine reports it'),
  pid: z.number().int().describe('pid of the first process'),
  namespace: namespaceSchema.describe('network namespace'),
});

/** Step input for the place of a link: a container, or null for the host. */
export const containerOrHost = containerHandleSchema
  .nullable()
  .describe('container whose network namespace has the link; null for the host');

export type ContainerHandle = z.infer<typeof containerHandleSchema>;

/**
 * Returns the network namespace of a container after checking that it still exists.
 * @throws WfError E_NAMESPACE_GONE, naming the container, if the container ended or was restarted; E_PERMISSION.
 */
export function namespaceOfContainer({ name, namespace }: Pick<ContainerHandle, 'name' | 'namespace'>): NamespaceRef {
  try {
    openNamespace(namespace).close();
    return namespace;
  } catch (thrown) {
    if (!(thrown instanceof WfError) || thrown.code !== 'E_NAMESPACE_GONE') throw thrown;
    throw new WfError(
      'E_NAMESPACE_GONE',
      `container ${name} was restarted or removed: its network namespace and everything created in it are gone`,
      {
        hint: `Check it with \`docker ps --all --filter name=${name}\`. Undo the run with \`wf rollback RUN\`, then start it again.`,
        details: thrown.details,
        cause: thrown,
      },
    );
  }
}
