import { z } from 'zod';
import { WfError } from '../engine/model/errors.ts';
import type { NamespaceRef } from '../engine/ports/command.ts';
import { openNamespace } from '../host/namespaces/open-namespace.ts';

/** A process, told apart from a later one with its pid. */
export const processSchema = z.object({ pid: z.number().int(), startTime: z.string(), bootId: z.string() });

/** A network namespace: where to open it, and what it must be. */
export const namespaceSchema = z.object({
  path: z.string(),
  inode: z.number().int(),
  /** Null in journals from before it was recorded: there the inode alone tells. */
  process: processSchema.nullable().default(null),
});

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

/**
 * The namespace of a container, made sure to be there.
 * @throws WfError E_NAMESPACE_GONE naming the container where it ended or was started again; E_PERMISSION.
 */
export function namespaceOfContainer({ name, namespace }: Pick<ContainerHandle, 'name' | 'namespace'>): NamespaceRef {
  try {
    openNamespace(namespace).close();
    return namespace;
  } catch (thrown) {
    if (!(thrown instanceof WfError) || thrown.code !== 'E_NAMESPACE_GONE') throw thrown;
    throw new WfError(
      'E_NAMESPACE_GONE',
      `container ${name} was started again or removed since: the network namespace it had, and what was made in it, are gone`,
      {
        hint: `Look at it: \`docker ps --all --filter name=${name}\`. Undo the run with \`wf rollback RUN\`, and start it again.`,
        details: thrown.details,
        cause: thrown,
      },
    );
  }
}
