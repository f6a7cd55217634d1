import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { WfError } from '../engine/errors.ts';

/** Ranges whose addresses no interface of a network can have. */
const NOT_UNICAST = [
  ['0.0.0.0/8', '"this network"'],
  ['127.0.0.0/8', 'loopback'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
] as const;

/** A longer prefix has no address for a container beside the gateway's. */
const LONGEST_PREFIX = 30;

/** An IPv4 subnet for a network, such as `172.20.0.0/16`: the address of the network itself, in its shortest form. */
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
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) return 'must be an IPv4 subnet such as 172.20.0.0/16';
  const [address, prefixLength] = ipaddr.IPv4.parseCIDR(text);
  const network = `${ipaddr.IPv4.networkAddressFromCIDR(text)}/${prefixLength}`;
  if (network !== `${address}/${prefixLength}`) return `${text} has bits set after the prefix; use ${network}`;
  if (network !== text) return `must be written as ${network}`;
  if (prefixLength > LONGEST_PREFIX) {
    return `${text} has no room for a gateway and a container; use a prefix length of ${LONGEST_PREFIX} or less`;
  }
  const special = NOT_UNICAST.find(([range]) => subnetsOverlap(range, text));
  if (special === undefined) return undefined;
  return `${text} overlaps the ${special[1]} addresses ${special[0]}; use a private subnet such as 172.20.0.0/16`;
}

/** Why no interface in a subnet can have an address; undefined if one can. A null subnet is any. */
export function hostAddressProblem(address: string, subnet: string | null): string | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return 'must be an IPv4 address such as 172.20.0.100';
  const special = NOT_UNICAST.find(([range]) => isInSubnet(address, range));
  if (special !== undefined) return `${address} is one of the ${special[1]} addresses ${special[0]}`;
  if (subnet === null) return undefined;
  if (!isInSubnet(address, subnet)) return `${address} is not in the subnet ${subnet}`;
  if (address === ipaddr.IPv4.networkAddressFromCIDR(subnet).toString()) {
    return `${address} is the address of the network ${subnet} itself`;
  }
  if (address === ipaddr.IPv4.broadcastAddressFromCIDR(subnet).toString()) {
    return `${address} is the broadcast address of ${subnet}`;
  }
  return undefined;
}

/**
 * The IPv4 address that lies `offset` after the start of a subnet: `addressAt('172.20.0.0/16', 100)` is `172.20.0.100`.
 * @throws WfError E_INPUT when the subnet is not an IPv4 one or has no such address.
 */
export function addressAt(subnet: string, offset: number): string {
  const [network, prefixLength] = parseSubnet(subnet);
  const start = network.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - prefixLength);
  const base = start - (start % size);
  if (offset <= 0 || offset >= size - 1) {
    throw new WfError('E_INPUT', `the subnet ${subnet} has no address number ${offset}`, {
      hint: 'Choose a larger subnet, or name the address.',
    });
  }
  const address = base + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** Whether an IPv4 address lies in a subnet. @throws WfError E_INPUT when either is malformed. */
export function isInSubnet(address: string, subnet: string): boolean {
  if (!ipaddr.IPv4.isValid(address)) throw malformed('address', address);
  return ipaddr.IPv4.parse(address).match(parseSubnet(subnet));
}

/** Whether two IPv4 subnets share an address. @throws WfError E_INPUT when either is malformed. */
export function subnetsOverlap(a: string, b: string): boolean {
  const [one, other] = [parseSubnet(a), parseSubnet(b)];
  return one[0].match([other[0], Math.min(one[1], other[1])]);
}

/** The prefix length of a subnet. @throws WfError E_INPUT when it is malformed. */
export function prefixLengthOf(subnet: string): number {
  return parseSubnet(subnet)[1];
}

function parseSubnet(subnet: string): [ipaddr.IPv4, number] {
  if (!ipaddr.IPv4.isValidCIDR(subnet)) throw malformed('subnet', subnet);
  return ipaddr.IPv4.parseCIDR(subnet);
}

function malformed(what: string, text: string): WfError {
  return new WfError('E_INPUT', `"${text}" is not an IPv4 ${what}`, {
    hint: 'Write it like 172.20.0.0/16, or 172.20.0.100.',
  });
}
