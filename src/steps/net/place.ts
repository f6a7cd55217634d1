import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { type Evidence, evidenceOf } from '../../engine/model/evidence.ts';
import type { Argv, CommandOptions, CommandResult, NamespaceRef } from '../../engine/ports/command.ts';
import type { ChangeState, HostContext, HostPorts } from '../../engine/workflow/step.ts';
import { requireSuccess } from '../../host/commands/checked-command.ts';
import { networkNamespaceIsGone } from '../../host/namespaces/network-namespace-is-gone.ts';
import { isAlive } from '../../host/processes/process.ts';
import { namespaceOfHandle, type PlaceHandle, placeHandleSchema, processSchema } from '../place-handle.ts';

/** One `ip` command that alters the host takes milliseconds. */
const COMMAND_TIMEOUT_MS = 10_000;

/** Place of a change: the host of the run, or the network namespace of a container, or a named one. */
export const placeSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('host'),
    inode: z.number().int(),
    /** Process with which the private host ends; null for the machine itself. */
    holder: processSchema.nullable(),
  }),
  placeHandleSchema.extend({ type: z.literal('namespace') }),
]);
export type Place = z.infer<typeof placeSchema>;

export function hostPlace({ namespace }: HostPorts): Place {
  return { type: 'host', inode: namespace.own().inode, holder: namespace.holder };
}

/** Returns the place of a step's input; null is the host. */
export function placeOf(handle: PlaceHandle | null, host: HostPorts): Place {
  return handle === null ? hostPlace(host) : inNamespaceOf(handle);
}

export function inNamespaceOf({ name, namespace }: PlaceHandle): Place {
  return { type: 'namespace', name, namespace };
}

/** Formats a place: `on the host`, `in AppProd`. */
export function placeName(place: Place): string {
  return place.type === 'host' ? 'on the host' : `in ${place.name}`;
}

/**
 * Returns the namespace in which a command for this place runs; undefined is the host of the run.
 * @throws WfError E_NAMESPACE_GONE naming the container or namespace that was restarted or removed, or the host that has ended;
 * E_HOST_STATE_UNKNOWN if wf runs in another namespace than the run that recorded the place.
 */
export function namespaceOf(place: Place, { namespace }: HostPorts): NamespaceRef | undefined {
  if (place.type === 'namespace') return namespaceOfHandle(place);
  if (place.holder !== null && !isAlive(place.holder)) throw hostGone(place.holder.pid);
  const own = namespace.own();
  if (own.inode === place.inode) return undefined;
  if (networkNamespaceIsGone(place.inode)) {
    throw new WfError('E_NAMESPACE_GONE', `the network namespace ${place.inode} is gone, with everything in it`, {
      hint: 'Undo the run with `wf rollback RUN`, then start it again.',
    });
  }
  throw new WfError(
    'E_HOST_STATE_UNKNOWN',
    `wf runs in the network namespace ${own.inode}, but the run changed links in the namespace ${place.inode}`,
    { hint: 'Run wf in the network namespace in which the run started.' },
  );
}

function hostGone(pid: number): WfError {
  return new WfError('E_NAMESPACE_GONE', `the private host of process ${pid} has ended with everything created in it`, {
    hint: 'Undo the run with `wf rollback RUN`, then start it again.',
  });
}

/** Returns the command line that a person would type to run argv at the place. */
export function typedAt(place: Place, argv: Argv): Argv {
  if (place.type === 'host') return argv;
  return ['nsenter', `--net=${place.namespace.path}`, ...argv];
}

/** Like typedAt, for a step's input; null is the host. */
export function typedIn(handle: PlaceHandle | null, argv: Argv): Argv {
  return handle === null ? argv : typedAt(inNamespaceOf(handle), argv);
}

/** Standard input of a command, and a descriptor that it receives as /proc/self/fd/3. */
type CommandInput = Pick<CommandOptions, 'stdin' | 'inherited'>;

/**
 * Runs a command at a place and records it as evidence; `typed` is the command line that a person would type. The caller judges
 * the exit code.
 */
export async function tryAt(
  context: HostContext,
  place: Place,
  argv: Argv,
  typed: Argv = argv,
  input: CommandInput = {},
): Promise<CommandResult> {
  const namespace = namespaceOf(place, context.host);
  const result = await context.host.command.run(argv, {
    timeoutMs: COMMAND_TIMEOUT_MS,
    signal: context.signal,
    ...(namespace === undefined ? {} : { namespace }),
    ...input,
  });
  context.record(evidenceOf(result, typedAt(place, typed)));
  return result;
}

/** Runs read-only commands in parallel and records them in this order, up to the first that could not run. */
export async function showAt(
  context: HostContext,
  commands: readonly (readonly [place: Place, argv: Argv])[],
): Promise<void> {
  const { run, host, named, signal, progress } = context;
  const shown = await Promise.allSettled(
    commands.map(async ([place, argv]) => {
      const evidence: Evidence[] = [];
      await tryAt({ run, host, named, signal, progress, record: (seen) => evidence.push(seen) }, place, argv);
      return evidence;
    }),
  );
  for (const result of shown) {
    if (result.status === 'rejected') throw result.reason;
    for (const seen of result.value) context.record(seen);
  }
}

/** Like tryAt, for a command that must succeed. @throws WfError E_HOST_COMMAND, E_PERMISSION, E_NAMESPACE_GONE */
export async function runAt(
  context: HostContext,
  place: Place,
  argv: Argv,
  typed: Argv = argv,
  input: CommandInput = {},
): Promise<CommandResult> {
  return requireSuccess(await tryAt(context, place, argv, typed, input), COMMAND_TIMEOUT_MS);
}

/** Observes a change in a place; if the place is gone, the change is gone with it. */
export async function observeIn(observe: () => Promise<ChangeState>): Promise<ChangeState> {
  try {
    return await observe();
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    if (thrown.code !== 'E_NAMESPACE_GONE') return { found: 'unknown', error: thrown };
    return { found: 'gone', reason: thrown.message };
  }
}

/** Undoes a change in a place; if the place is gone, there is nothing left to undo. */
export async function undoIn(undo: () => Promise<void>): Promise<void> {
  try {
    await undo();
  } catch (thrown) {
    if (!(thrown instanceof WfError) || thrown.code !== 'E_NAMESPACE_GONE') throw thrown;
  }
}

export const IN_PLACE: ChangeState = { found: 'in place' };

export function gone(reason: string): ChangeState {
  return { found: 'gone', reason };
}
