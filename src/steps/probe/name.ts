import ipaddr from 'ipaddr.js';
import { WfError } from '../../engine/errors.ts';
import type { HostContext } from '../../engine/step.ts';
import { dnsOutcome } from './dns-output.ts';
import { originName, type ProbeOrigin } from './origin.ts';
import { askAgent } from './probe-agent.ts';
import type { ProbeTime } from './probe-time.ts';

/** The name server inside the namespace of every container on a network that a user made. */
export const CONTAINER_NAME_SERVER = '127.0.0.11';

/**
 * The address that a container's own name server gives for a name; an address as it is. Without a process that asks from in
 * there, a name stays one, and is resolved as the origin's own resolv.conf says.
 * @throws WfError E_PROBE_FAILED where the name does not resolve
 */
export async function addressOf(
  context: HostContext,
  { from, to, deadlineMs, mustFail }: ProbeTime & { readonly from: ProbeOrigin; readonly to: string },
): Promise<string> {
  if (ipaddr.isValid(to) || context.host.agent === null) return to;
  const request = { kind: 'dns', name: to, server: CONTAINER_NAME_SERVER };
  const { outcome } = await askAgent(context, from, request, { deadlineMs, mustFail }, dnsOutcome);
  const address = outcome.type === 'resolved' ? outcome.addresses[0] : undefined;
  if (address !== undefined) return address;
  throw new WfError('E_PROBE_FAILED', `${to} does not resolve from ${originName(from)}, so that it cannot be pinged`, {
    hint: 'Look whether the container runs and is on this network.',
    details: { name: to },
  });
}
