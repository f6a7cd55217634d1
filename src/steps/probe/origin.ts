import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Argv, CommandOptions } from '../../engine/ports/command.ts';
import type { ContainerInfo, DockerPort } from '../../engine/ports/docker.ts';
import type { FoundNamespace } from '../../engine/ports/host-namespace.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { findNamespaceOfPid } from '../../host/namespaces/namespace.ts';
import type { ContainerHandle } from '../container-handle.ts';
import { namespaceOfHandle, namespaceSchema, type PlaceHandle } from '../place-handle.ts';

/** Origin of a probe. */
export const probeOrigin = z
  .discriminatedUnion('type', [
    /** Programs of the host inside the namespace: nothing is needed in the image or started in the container. */
    z.object({ type: z.literal('namespace'), label: z.string(), namespace: namespaceSchema }),
    /** Programs of the container's image (`ping`, `nslookup`, `wget`). */
    z.object({ type: z.literal('container'), label: z.string(), id: z.string() }),
    z.object({ type: z.literal('host') }),
  ])
  .describe('origin of the probe: insideNamespaceOf(container), insideContainer(container) or the host');
export type ProbeOrigin = z.infer<typeof probeOrigin>;

/** Probes from the network namespace of a container, or from a named one, with the host's programs. */
export function insideNamespaceOf({ name, namespace }: PlaceHandle): ProbeOrigin {
  return { type: 'namespace', label: name, namespace };
}

/** Probes from a container, with the programs of its image. */
export function insideContainer(container: Pick<ContainerHandle, 'id' | 'name'>): ProbeOrigin {
  return { type: 'container', label: container.name, id: container.id };
}

export function originName(origin: ProbeOrigin): string {
  return origin.type === 'host' ? 'the host' : origin.label;
}

/**
 * Resolves the origin for the runtime: if containers share the programs of the machine, a probe with a container's programs runs in
 * the namespace of the container.
 * @throws WfError E_NAMESPACE_GONE if the container does not run
 */
export async function resolveOrigin(origin: ProbeOrigin, { host }: HostContext): Promise<ProbeOrigin> {
  return host.docker.programs === 'image' ? origin : namespaceOrigin(origin, host.docker);
}

/**
 * Resolves the origin for a probe that needs no program of a container: its namespace suffices.
 * @throws WfError E_NAMESPACE_GONE if the container does not run
 */
export async function namespaceOrigin(
  origin: ProbeOrigin,
  docker: DockerPort,
): Promise<Exclude<ProbeOrigin, { type: 'container' }>> {
  if (origin.type !== 'container') return origin;
  const { id, label } = origin;
  const container = await docker.container(id);
  if (container?.running !== true) throw notRunning(label);
  return { type: 'namespace', label, namespace: await namespaceOfRunning(container, docker) };
}

/**
 * Returns the namespace of a container that was just running.
 * @throws WfError E_NAMESPACE_GONE if the container or its private host has ended meanwhile
 */
export async function namespaceOfRunning(
  { id, name, pid }: Pick<ContainerInfo, 'id' | 'name' | 'pid'>,
  docker: DockerPort,
): Promise<FoundNamespace> {
  const namespace = findNamespaceOfPid(pid);
  if (namespace !== null) return namespace;
  // The error of a private host that has ended takes precedence.
  await docker.container(id);
  throw notRunning(name);
}

function notRunning(container: string): WfError {
  return new WfError('E_NAMESPACE_GONE', `container ${container} is not running`, {
    hint: 'It was removed or has ended. Undo the run with `wf rollback RUN`, then start it again.',
  });
}

/** Returns the command line that a person would type to run argv at the origin. */
export function typedFrom(origin: ProbeOrigin, argv: Argv): Argv {
  switch (origin.type) {
    case 'host':
      return argv;
    case 'namespace':
      return ['nsenter', `--net=${origin.namespace.path}`, ...argv];
    case 'container':
      return ['docker', 'exec', origin.label, ...argv];
  }
}

/** Result of a program run at the origin. */
export interface ProbeRun {
  /** Null if it was killed at its deadline. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Empty in a container, whose stdout has both. */
  readonly stderr: string;
  readonly startedAt: number;
  readonly durationMs: number;
}

/**
 * Runs argv at the origin; nothing of it is alive after `timeoutMs`.
 * @throws WfError E_TOOL_MISSING, E_NAMESPACE_GONE, ...
 */
export async function runFrom(
  context: HostContext,
  origin: ProbeOrigin,
  argv: Argv,
  timeoutMs: number,
  given: Pick<CommandOptions, 'env' | 'stdin' | 'cwd'> = {},
): Promise<ProbeRun> {
  if (origin.type === 'container') return runInContainer(context, origin, argv, timeoutMs);
  const result = await context.host.command.run(argv, {
    ...given,
    timeoutMs,
    signal: context.signal,
    ...(origin.type === 'namespace'
      ? { namespace: namespaceOfHandle({ name: origin.label, namespace: origin.namespace }) }
      : {}),
  });
  context.signal.throwIfAborted();
  const { end, stdout, stderr, startedAt, durationMs } = result;
  return { exitCode: end.type === 'exited' ? end.exitCode : null, stdout, stderr, startedAt, durationMs };
}

async function runInContainer(
  context: HostContext,
  origin: Extract<ProbeOrigin, { type: 'container' }>,
  argv: Argv,
  timeoutMs: number,
): Promise<ProbeRun> {
  const { docker, clock } = context.host;
  const startedAt = clock.now();
  const result = await docker.exec(origin.id, argv, timeoutMs);
  context.signal.throwIfAborted();
  if (isMissing(result.output, argv[0])) {
    throw new WfError('E_TOOL_MISSING', `the image of the container ${origin.label} has no ${argv[0]}`, {
      hint: 'Probe from the namespace of the container (insideNamespaceOf), or use an image such as alpine.',
    });
  }
  const exitCode = result.timedOut ? null : result.exitCode;
  return { exitCode, stdout: result.output, stderr: '', startedAt, durationMs: clock.now() - startedAt };
}

function isMissing(output: string, program: string): boolean {
  return output.includes('executable file not found') && output.includes(`"${program}"`);
}
