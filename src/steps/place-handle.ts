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
  born: z
    .string()
    .optional()
    .describe('time at which a named namespace was created, in nanoseconds: its inode may be reused'),
});

/**
 * A network namespace with a display name, as the place of a step: the output of `docker.container`, `net.namespace` or `host.place`.
 * Identifies the namespace across steps: a restarted container or a recreated namespace has another one.
 */
export const placeHandleSchema = z.object({
  name: z.string().describe('name of the container or of the namespace'),
  namespace: namespaceSchema.describe('network namespace'),
});
export type PlaceHandle = z.infer<typeof placeHandleSchema>;

/** Step input for the place of a step; null is the host. */
export const placeInput = placeHandleSchema
  .nullable()
  .default(null)
  .describe(
    'container or named namespace in which to do it, an output of `docker.container`, `net.namespace` or `host.place`; null is the host',
  );

/** Returns the process in the path of a container's namespace; undefined for a named namespace. */
export function processInPath({ path }: Pick<NamespaceRef, 'path'>): string | undefined {
  return /^\/proc\/(\d+)\/ns\/net$/.exec(path)?.[1];
}

/**
 * Returns the network namespace of a place after checking that it still exists.
 * @throws WfError E_NAMESPACE_GONE, naming the place, if it ended, was restarted or was recreated; E_PERMISSION.
 */
export function namespaceOfHandle({ name, namespace }: PlaceHandle): NamespaceRef {
  try {
    openNamespace(namespace).close();
    return namespace;
  } catch (thrown) {
    if (!(thrown instanceof WfError) || thrown.code !== 'E_NAMESPACE_GONE') throw thrown;
    const isNamed = processInPath(namespace) === undefined;
    throw new WfError(
      'E_NAMESPACE_GONE',
      isNamed
        ? `the network namespace ${name} was removed: everything created in it is gone`
        : `container ${name} was restarted or removed: its network namespace and everything created in it are gone`,
      {
        hint: `Check it with \`${isNamed ? 'ip netns list' : `docker ps --all --filter name=${name}`}\`. Undo the run with \`wf rollback RUN\`, then start it again.`,
        details: thrown.details,
        cause: thrown,
      },
    );
  }
}
