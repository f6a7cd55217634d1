import { WfError } from '../../../engine/model/errors.ts';
import type { RequirementResult } from '../../../engine/workflow/requirement.ts';
import type { HostPorts } from '../../../engine/workflow/step.ts';
import { readRoutes } from '../../../host/ip/route.ts';
import { overlap, parseSubnet, requireIpv4Subnet, type Subnet } from '../../../host/ip/subnet.ts';
import { sshPeer } from '../../../host/processes/ssh-peer.ts';
import { shortId } from '../names.ts';
import { runOf } from './ownership.ts';

/** User of part of a subnet. */
interface SubnetOwner {
  readonly name: string;
  readonly hint: string;
}

/** Checks that the subnet overlaps no Docker network, no route of this host and no peer of an SSH connection. */
export async function checkSubnet(cidr: string, host: HostPorts): Promise<RequirementResult> {
  const subnet = requireIpv4Subnet(cidr);
  const owner = (await networkIn(subnet, host)) ?? (await routeIn(subnet, host)) ?? sshPeerIn(subnet);
  if (owner === undefined) return { met: true, found: 'free' };
  const error = new WfError('E_SUBNET_IN_USE', `subnet ${cidr} overlaps ${owner.name}`, { hint: owner.hint });
  return { met: false, error };
}

async function networkIn(range: Subnet, { docker }: HostPorts): Promise<SubnetOwner | undefined> {
  for (const network of await docker.listNetworks()) {
    const taken = network.subnets.find(({ subnet }) => overlaps(range, subnet));
    if (taken === undefined) continue;
    const run = runOf(network);
    const made = run === undefined ? '' : `, created by run ${run}`;
    return {
      name: `${taken.subnet} of the Docker network ${network.name} (${shortId(network.id)}${made})`,
      hint:
        run === undefined
          ? `Choose another subnet, or let Docker choose; \`docker network rm ${network.name}\` frees it if it is not needed.`
          : `Undo that run with \`wf rollback ${run}\`, choose another subnet, or let Docker choose.`,
    };
  }
  return undefined;
}

async function routeIn(range: Subnet, { command }: HostPorts): Promise<SubnetOwner | undefined> {
  const routes = await readRoutes(command, { family: 'inet', table: 'all' });
  // The main table comes first: the local table describes the same destination in less familiar terms.
  const byTable = [...routes].sort((a, b) => Number(b.table === 'main') - Number(a.table === 'main'));
  const route = byTable.find(({ destination }) => !isDefault(destination) && overlaps(range, destination));
  if (route === undefined) return undefined;
  const { destination, gateway, device } = route;
  const way = [gateway === null ? '' : ` via ${gateway}`, device === null ? '' : ` on ${device}`].join('');
  return {
    name: `the route to ${destination}${way}, which would stop working`,
    hint: 'Choose a subnet that `ip route` does not list, or let Docker choose.',
  };
}

/** Finds the client of an SSH login to which a network on this range would cut the replies, even if only the default route leads there. */
function sshPeerIn(range: Subnet): SubnetOwner | undefined {
  const peer = sshPeer();
  if (peer === undefined || !overlaps(range, peer)) return undefined;
  return {
    name: `${peer}, the SSH client of this shell`,
    hint: 'Choose another subnet, or let Docker choose.',
  };
}

// A VPN that captures all traffic splits the default route into these two halves.
function isDefault(destination: string): boolean {
  return ['default', '0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1'].includes(destination);
}

function overlaps(range: Subnet, destination: string): boolean {
  const other = parseSubnet(destination);
  return other !== undefined && overlap(range, other);
}
