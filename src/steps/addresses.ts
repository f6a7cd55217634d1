import ipaddr from 'ipaddr.js';
import { WfError } from '../engine/errors.ts';

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
