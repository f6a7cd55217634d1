import ipaddr from 'ipaddr.js';
import { addressAt, networkOf, overlap, parseSubnet, type Subnet, sizeOf } from '../../../../host/ip/subnet.ts';

/** Docker's default pools: the subnets of each prefix length in turn. */
const POOLS = [
  { from: '172.18.0.0/16', count: 14 },
  { from: '192.168.0.0/20', count: 16 },
] as const;

/** The longest prefix that leaves an address for a container besides the gateway. */
const LONGEST_PREFIX = 30;

/** Parses the IPv4 subnet of a network; undefined if it is not one, or has no room for a gateway and a container. */
export function usableSubnet(text: string): Subnet | undefined {
  const subnet = parseSubnet(text);
  if (subnet?.address.kind() !== 'ipv4') return undefined;
  const { prefixLength } = subnet;
  return prefixLength < 1 || prefixLength > LONGEST_PREFIX ? undefined : networkOf(subnet);
}

/** Returns the first subnet of Docker's default pools that overlaps none of `used`; undefined if none is left. */
export function freeSubnet(used: readonly Subnet[]): Subnet | undefined {
  for (const { from, count } of POOLS) {
    const first = usableSubnet(from);
    if (first === undefined) continue;
    for (let index = 0; index < count; index += 1) {
      const address = ipaddr.parse(addressAt(first, index * sizeOf(first)));
      const subnet = { address, prefixLength: first.prefixLength };
      if (!used.some((other) => overlap(other, subnet))) return subnet;
    }
  }
  return undefined;
}

/** Returns the first address, that of the bridge. */
export function gatewayOf(subnet: Subnet): string {
  return addressAt(subnet, 1);
}

/** Returns the lowest address for a container that is not in `used`; undefined if the subnet is full. */
export function freeAddress(subnet: Subnet, used: ReadonlySet<string>): string | undefined {
  for (let offset = 2; offset < sizeOf(subnet) - 1; offset += 1) {
    const address = addressAt(subnet, offset);
    if (!used.has(address)) return address;
  }
  return undefined;
}

export function broadcastOf(subnet: Subnet): string {
  return addressAt(subnet, sizeOf(subnet) - 1);
}

/** Returns the MAC that Docker gives to an address: 02:42, then its four bytes. */
export function macOf(address: string): string {
  const bytes = ipaddr.parse(address).toByteArray();
  return ['02', '42', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}
