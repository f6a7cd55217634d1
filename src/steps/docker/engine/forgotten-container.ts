import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { commandLine, evidenceOf } from '../../../engine/model/evidence.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { requireSuccess } from '../../../host/commands/checked-command.ts';
import { readLinks } from '../../../host/ip/link.ts';
import { endProcess } from '../../../host/processes/end-process.ts';
import { isAlive } from '../../../host/processes/process.ts';
import type { ContainerHandle } from '../../container-handle.ts';
import { processSchema } from '../../place-handle.ts';

const COMMAND_TIMEOUT_MS = 10_000;
const LINK_GONE_WITHIN_MS = 2_000;
const POLL_MS = 20;

/**
 * Traces of a started container outside of its engine. An engine that is killed and restarted can forget a container whose
 * processes keep running under their shim.
 */
export const tracesSchema = z.object({
  /** First process of the container; its network namespace lives at least as long. */
  process: processSchema,
  /** Host end of the container's veth pair; null if it could not be read. */
  hostLink: z.object({ name: z.string(), ifindex: z.number().int(), mac: z.string() }).nullable(),
});
type Traces = z.infer<typeof tracesSchema>;

/** Returns the traces of a running container; null on a runtime whose containers end with it. */
export async function tracesOf(
  { namespace, ipv4 }: Pick<ContainerHandle, 'namespace'> & { readonly ipv4: string },
  { host }: HostContext,
): Promise<Traces | null> {
  const { process } = namespace;
  if (process === null || host.docker.programs !== 'image') return null;
  return { process, hostLink: await hostLinkOf(namespace, ipv4, host) };
}

async function hostLinkOf(
  namespace: ContainerHandle['namespace'],
  ipv4: string,
  { command }: HostContext['host'],
): Promise<Traces['hostLink']> {
  try {
    const inside = await readLinks(command, namespace);
    const end = inside.find(({ addresses }) => addresses.some(({ address }) => address === ipv4));
    const links = await readLinks(command);
    const peer = links.find((link) => link.ifindex === end?.peerIfindex && link.peerIfindex === end.ifindex);
    return peer === undefined || peer.mac === null ? null : { name: peer.name, ifindex: peer.ifindex, mac: peer.mac };
  } catch (thrown) {
    // A user who may use the engine but is not root cannot enter the namespace.
    if (thrown instanceof WfError) return null;
    throw thrown;
  }
}

/**
 * Returns whether a container that the engine does not know has left traces on this machine.
 * @throws WfError if they cannot be read
 */
export async function hasTraces(traces: Traces | null, { host }: HostContext): Promise<boolean> {
  if (traces === null) return false;
  return isAlive(traces.process) || (await hostLinkIsThere(traces, host));
}

async function hostLinkIsThere({ hostLink }: Traces, { command }: HostContext['host']): Promise<boolean> {
  if (hostLink === null) return false;
  const { name, ifindex, mac } = hostLink;
  const links = await readLinks(command);
  return links.some((link) => link.name === name && link.ifindex === ifindex && link.mac === mac);
}

/**
 * Removes the traces of a container that the engine does not know: kills its first process, which makes the kernel kill the
 * others, then deletes the veth pair if something else keeps the namespace alive.
 * @throws WfError E_PERMISSION, E_RESIDUE, E_HOST_COMMAND
 */
export async function removeTraces(traces: Traces, context: HostContext): Promise<void> {
  const { command, clock } = context.host;
  if (isAlive(traces.process)) {
    const startedAt = clock.now();
    await endProcess(traces.process);
    context.record({
      command: commandLine(['kill', '-KILL', String(traces.process.pid)]),
      output: '',
      exitCode: 0,
      startedAt,
      durationMs: clock.now() - startedAt,
    });
  }
  if (traces.hostLink === null || !(await hostLinkRemains(traces, context))) return;
  const argv: Argv = ['ip', 'link', 'delete', 'dev', traces.hostLink.name];
  const result = await command.run(argv, { timeoutMs: COMMAND_TIMEOUT_MS });
  context.record(evidenceOf(result));
  requireSuccess(result, COMMAND_TIMEOUT_MS);
}

/** The kernel removes a namespace and its links shortly after its last process has ended. */
async function hostLinkRemains(traces: Traces, { host, signal }: HostContext): Promise<boolean> {
  const until = host.clock.now() + LINK_GONE_WITHIN_MS;
  while (await hostLinkIsThere(traces, host)) {
    if (host.clock.now() >= until || signal.aborted) return true;
    await pause(host.clock, POLL_MS, signal);
  }
  return false;
}
