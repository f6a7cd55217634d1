import { WfError } from '../../../engine/model/errors.ts';
import type { RequirementResult } from '../../../engine/workflow/requirement.ts';
import type { HostPorts } from '../../../engine/workflow/step.ts';
import { readRoutes } from '../../../host/ip/route.ts';
import { overlap, parseSubnet, requireIpv4Subnet, type Subnet } from '../../../host/ip/subnet.ts';
import { sshPeer } from '../../../host/processes/ssh-peer.ts';
import { shortId } from '../names.ts';
import { runOf } from './ownership.ts';

/** A user of a part of a subnet. */
interface SubnetOwner {
  readonly name: string;
  readonly hint: string;
}

/** Looks for a Docker network, a route of this host, and the peer of an SSH connection that the subnet overlaps. */
export async function lookForSubnet(cidr: string, host: HostPorts): Promise<RequirementResult> {
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
    const made = run === undefined ? '' : `, made by run ${run}`;
    return {
      name: `${taken.subnet} of the Docker network ${network.name} (${shortId(network.id)}${made})`,
      hint:
        run === undefined
          ? `Choose another subnet, or let Docker choose; \`docker network rm ${network.name}\` frees it where nobody needs it.`
          : `Undo that run with \`wf rollback ${run}\`, choose another subnet, or let Docker choose.`,
    };
  }
  return undefined;
}

async function routeIn(range: Subnet, { command }: HostPorts): Promise<SubnetOwner | undefined> {
  const routes = await readRoutes(command, { family: 'inet', table: 'all' });
  // The main table first: the local one says the same, in words that nobody would look for.
  const byTable = [...routes].sort((a, b) => Number(b.table === 'main') - Number(a.table === 'main'));
  const route = byTable.find(({ destination }) => !isDefault(destination) && overlaps(range, destination));
  if (route === undefined) return undefined;
  const { destination, gateway, device } = route;
  const way = [gateway === null ? '' : ` via ${gateway}`, device === null ? '' : ` on ${device}`].join('');
  return {
    name: `the route to ${destination}${way}, which would no longer lead there`,
    hint: 'Choose a subnet that `ip route` does not show, or let Docker choose.',
  };
}

/** Answers to a user logged in by SSH would go into the network instead, though only the default route leads there. */
function sshPeerIn(range: Subnet): SubnetOwner | undefined {
  const peer = sshPeer();
  if (peer === undefined || !overlaps(range, peer)) return undefined;
  return {
    name: `${peer}, from where this shell was logged into by SSH`,
    hint: 'Choose another subnet, or let Docker choose.',
  };
}

// A VPN that takes all traffic splits the default route into these two halves.
function isDefault(destination: string): boolean {
  return ['default', '0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1'].includes(destination);
}

function overlaps(range: Subnet, destination: string): boolean {
  const other = parseSubnet(destination);
  return other !== undefined && overlap(range, other);
}
