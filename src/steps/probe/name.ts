import { WfError } from '../../engine/model/errors.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { isAddress } from '../../host/ip/subnet.ts';
import { originName, type ProbeOrigin } from './origin.ts';
import { dnsOutcome } from './outputs/dns-output.ts';
import { askAgent } from './probe-agent.ts';
import type { ProbeTime } from './probe-time.ts';

/** Name server inside every container on a user-defined network. */
export const CONTAINER_NAME_SERVER = '127.0.0.11';

/**
 * Resolves a name with a container's own name server; returns an address unchanged. Without a name server (by default, without a
 * probe agent in the container), returns the name: the origin's resolv.conf decides.
 * @throws WfError E_PROBE_FAILED if the name does not resolve
 */
export async function addressOf(
  context: HostContext,
  { from, to, deadlineMs, must }: ProbeTime & { readonly from: ProbeOrigin; readonly to: string },
  hasNameServer = context.host.agent !== null,
): Promise<string> {
  if (isAddress(to) || !hasNameServer) return to;
  const request = { kind: 'dns', name: to, server: CONTAINER_NAME_SERVER };
  const { outcome } = await askAgent(context, from, request, { deadlineMs, must }, dnsOutcome);
  const address = outcome.type === 'resolved' ? outcome.addresses[0] : undefined;
  if (address !== undefined) return address;
  throw new WfError('E_PROBE_FAILED', `${to} does not resolve from ${originName(from)}, so wf cannot probe it`, {
    hint: 'Check that the container runs and is on this network.',
    details: { name: to },
  });
}

/** Like addressOf, for a probe that runs at `from`; the origin of its input may be a container. */
export async function targetAddress(
  context: HostContext,
  from: ProbeOrigin,
  input: ProbeTime & { readonly from: ProbeOrigin; readonly to: string },
): Promise<string> {
  if (from.type !== 'namespace') return input.to;
  const hasNameServer = input.from.type === 'container' || context.host.agent !== null;
  return addressOf(context, { ...input, from }, hasNameServer);
}
