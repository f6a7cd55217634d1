import { z } from 'zod';
import { WfError } from '../engine/model/errors.ts';
import {
  contains,
  networkOf,
  addressAt as offsetAddress,
  overlap,
  parseSubnet,
  requireIpv4Subnet,
  sizeOf,
  subnetText,
} from '../host/ip/subnet.ts';

/** Ranges whose addresses no network interface can have. */
const NOT_UNICAST = [
  ['0.0.0.0/8', '"this network"'],
  ['127.0.0.0/8', 'loopback'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
] as const;

/** Longest prefix that leaves one address for a container next to the gateway. */
const LONGEST_PREFIX = 30;

/** An IPv4 subnet for a network, such as `172.20.0.0/16`: the network address in its shortest form. */
export const subnetSchema = z.string().superRefine((text, check) => {
  const problem = subnetProblem(text);
  if (problem !== undefined) check.addIssue({ code: 'custom', message: problem });
});

/** An IPv4 address that an interface can have, such as `172.20.0.100`. */
export const hostAddressSchema = z.string().superRefine((text, check) => {
  const problem = hostAddressProblem(text, null);
  if (problem !== undefined) check.addIssue({ code: 'custom', message: problem });
});

function subnetProblem(text: string): string | undefined {
  const subnet = text.includes('/') ? parseSubnet(text) : undefined;
  if (subnet?.address.kind() !== 'ipv4') return 'must be an IPv4 subnet such as 172.20.0.0/16';
  const network = subnetText(networkOf(subnet));
  if (network !== subnetText(subnet)) return `${text} has bits set after the prefix; use ${network}`;
  if (network !== text) return `write it as ${network}`;
  if (subnet.prefixLength > LONGEST_PREFIX) {
    return `${text} has no room for a gateway and a container; use a prefix length of ${LONGEST_PREFIX} or less`;
  }
  const special = NOT_UNICAST.find(([range]) => subnetsOverlap(range, text));
  if (special === undefined) return undefined;
  return `${text} overlaps the ${special[1]} range ${special[0]}; use a private subnet such as 172.20.0.0/16`;
}

/** Returns why no interface in the subnet can have the address; undefined if one can. Null stands for any subnet. */
export function hostAddressProblem(address: string, subnet: string | null): string | undefined {
  if (address.includes('/') || parseSubnet(address)?.address.kind() !== 'ipv4') {
    return 'must be an IPv4 address such as 172.20.0.100';
  }
  const special = NOT_UNICAST.find(([range]) => isInSubnet(address, range));
  if (special !== undefined) return `${address} is in the ${special[1]} range ${special[0]}`;
  if (subnet === null) return undefined;
  if (!isInSubnet(address, subnet)) return `${address} is not in the subnet ${subnet}`;
  const network = requireIpv4Subnet(subnet);
  if (address === offsetAddress(network, 0)) return `${address} is the address of the network ${subnet} itself`;
  if (address === offsetAddress(network, sizeOf(network) - 1))
    return `${address} is the broadcast address of ${subnet}`;
  return undefined;
}

/**
 * Returns the IPv4 address at an offset from the start of a subnet: `addressAt('172.20.0.0/16', 100)` is `172.20.0.100`.
 * @throws WfError E_INPUT if it is not an IPv4 subnet or has no such address.
 */
export function addressAt(subnet: string, offset: number): string {
  const network = requireIpv4Subnet(subnet);
  if (offset > 0 && offset < sizeOf(network) - 1) return offsetAddress(network, offset);
  throw new WfError('E_INPUT', `the subnet ${subnet} has no address number ${offset}`, {
    hint: 'Choose a larger subnet, or set the address.',
  });
}

/** Returns whether an IPv4 address lies in a subnet. @throws WfError E_INPUT if either is malformed. */
export function isInSubnet(address: string, subnet: string): boolean {
  return contains(requireIpv4Subnet(subnet), requireIpv4Subnet(`${address}/32`));
}

/** Returns whether two IPv4 subnets share an address. @throws WfError E_INPUT if either is malformed. */
export function subnetsOverlap(a: string, b: string): boolean {
  return overlap(requireIpv4Subnet(a), requireIpv4Subnet(b));
}

/** Returns the prefix length of a subnet. @throws WfError E_INPUT if it is malformed. */
export function prefixLengthOf(subnet: string): number {
  return requireIpv4Subnet(subnet).prefixLength;
}
