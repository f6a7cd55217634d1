import ipaddr from 'ipaddr.js';

/** An address or a subnet; an address is a subnet of one. */
export interface Subnet {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly prefixLength: number;
}

/** `172.18.0.0/16`, `172.18.0.2` or their like in IPv6; undefined for any other text. */
export function parseSubnet(text: string): Subnet | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { address: ipaddr.IPv4.parse(text), prefixLength: 32 };
  if (ipaddr.IPv6.isValid(text)) return { address: ipaddr.IPv6.parse(text), prefixLength: 128 };
  if (!ipaddr.isValidCIDR(text) || !/^[0-9.]+\.[0-9]+\/|:/.test(text)) return undefined;
  const [address, prefixLength] = ipaddr.parseCIDR(text);
  return { address, prefixLength };
}

/** Whether all addresses of `inner` are in the subnet that `outer` names, or is an address of. */
export function contains(outer: Subnet, inner: Subnet): boolean {
  const { address } = inner;
  if (outer.address.kind() !== address.kind() || inner.prefixLength < outer.prefixLength) return false;
  return address.match(outer.address, outer.prefixLength);
}

/** Whether both have the same address, whatever their prefix lengths say. */
export function sameAddress(a: Subnet, b: Subnet): boolean {
  return a.address.toNormalizedString() === b.address.toNormalizedString();
}

/** Whether it is a subnet as such (`172.18.0.0/16`), and not an address written with the length of its prefix (`172.18.0.2/16`). */
export function isNetwork({ address, prefixLength }: Subnet): boolean {
  const bytes = address.toByteArray();
  if (prefixLength >= bytes.length * 8) return false;
  return bytes.every((byte, index) => {
    const networkBits = Math.min(8, Math.max(0, prefixLength - index * 8));
    return (byte & (0xff >> networkBits)) === 0;
  });
}
