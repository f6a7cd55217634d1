import ipaddr from 'ipaddr.js';
import { WfError } from '../../engine/model/errors.ts';

/** An IPv4 or IPv6 address with a prefix length. A single address is a subnet of size one. */
export interface Subnet {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly prefixLength: number;
}

/** Returns whether `text` is an IP address in its usual notation: four decimal numbers, or IPv6 without a zone. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (!text.includes('%') && ipaddr.IPv6.isValid(text));
}

/** Parses `172.18.0.0/16`, `172.18.0.2` and the same in IPv6; undefined for any other text. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', length, ...rest] = text.split('/');
  if (!isAddress(address) || rest.length > 0) return undefined;
  if (length === undefined) {
    const parsed = ipaddr.parse(address);
    return { address: parsed, prefixLength: bitsOf(parsed) };
  }
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [parsed, prefixLength] = ipaddr.parseCIDR(text);
  return { address: parsed, prefixLength };
}

/** Parses an IPv4 subnet such as `172.20.0.0/16`. @throws WfError E_INPUT if it is none */
export function requireIpv4Subnet(text: string): Subnet {
  const subnet = text.includes('/') ? parseSubnet(text) : undefined;
  if (subnet?.address.kind() === 'ipv4') return subnet;
  throw new WfError('E_INPUT', `"${text}" is not an IPv4 subnet`, { hint: 'Write it as 172.20.0.0/16.' });
}

/** Returns whether all addresses of `inner` are in `outer`. */
export function contains(outer: Subnet, inner: Subnet): boolean {
  const { address } = inner;
  if (outer.address.kind() !== address.kind() || inner.prefixLength < outer.prefixLength) return false;
  return address.match(outer.address, outer.prefixLength);
}

/** Returns whether two subnets share an address. */
export function overlap(a: Subnet, b: Subnet): boolean {
  return contains(a, b) || contains(b, a);
}

/** Returns whether both have the same address, whatever their prefix lengths. */
export function sameAddress(a: Subnet, b: Subnet): boolean {
  return a.address.toNormalizedString() === b.address.toNormalizedString();
}

/** Returns whether it is a network address (`172.18.0.0/16`), not a host address with prefix length (`172.18.0.2/16`). */
export function isNetwork(subnet: Subnet): boolean {
  return subnet.prefixLength < bitsOf(subnet.address) && sameAddress(subnet, networkOf(subnet));
}

/** Returns the subnet with all bits after the prefix cleared. */
export function networkOf({ address, prefixLength }: Subnet): Subnet {
  const { IPv4, IPv6 } = ipaddr;
  const text = `${address.toString()}/${prefixLength}`;
  const network = address.kind() === 'ipv4' ? IPv4.networkAddressFromCIDR(text) : IPv6.networkAddressFromCIDR(text);
  return { address: network, prefixLength };
}

/** Returns the number of addresses of a subnet, including network and broadcast address. */
export function sizeOf({ address, prefixLength }: Subnet): number {
  return 2 ** (bitsOf(address) - prefixLength);
}

/** Returns the IPv4 address at an offset from the start of a subnet: `172.20.0.0/16` at 100 is `172.20.0.100`. */
export function addressAt(subnet: Subnet, offset: number): string {
  const start = networkOf(subnet).address.toByteArray();
  const number = start.reduce((sum, byte) => sum * 256 + byte, 0) + offset;
  return ipaddr.fromByteArray([24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256)).toString();
}

/**
 * Returns the first address of an IPv4 subnet, which Docker gives to the bridge: `172.20.0.1` of `172.20.0.0/16`.
 * @throws WfError E_INPUT if it is not an IPv4 subnet
 */
export function firstHostOf(subnet: string): string {
  return addressAt(requireIpv4Subnet(subnet), 1);
}

/** Formats a subnet, such as `172.18.0.0/16`. */
export function subnetText({ address, prefixLength }: Subnet): string {
  return `${address.toString()}/${prefixLength}`;
}

function bitsOf(address: Subnet['address']): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}
