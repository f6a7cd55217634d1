/** An IPv4 subnet: the number of its first address, and how many bits all its addresses share. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
}

/** Docker's own default pools: first those of a whole /16, then /20 parts of 192.168.0.0/16. */
const POOLS: readonly { readonly from: string; readonly prefixLength: number; readonly count: number }[] = [
  { from: '172.18.0.0', prefixLength: 16, count: 14 },
  { from: '192.168.0.0', prefixLength: 20, count: 16 },
];

/** The subnet in a text as `172.18.0.0/16`; undefined where it is none, or leaves no room for a gateway and a container. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', length = '', ...more] = text.split('/');
  const number = parseAddress(address);
  const prefixLength = /^\d{1,2}$/.test(length) ? Number(length) : 33;
  if (number === undefined || more.length > 0 || prefixLength < 1 || prefixLength > 30) return undefined;
  return { base: number - (number % sizeOf(prefixLength)), prefixLength };
}

export function subnetText({ base, prefixLength }: Subnet): string {
  return `${addressText(base)}/${prefixLength}`;
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return a.base <= lastOf(b) && b.base <= lastOf(a);
}

/** The first subnet of Docker's default pools that overlaps none of `used`; undefined where none is left. */
export function freeSubnet(used: readonly Subnet[]): Subnet | undefined {
  for (const { from, prefixLength, count } of POOLS) {
    const first = parseAddress(from) ?? 0;
    for (let index = 0; index < count; index += 1) {
      const subnet = { base: first + index * sizeOf(prefixLength), prefixLength };
      if (!used.some((other) => overlap(other, subnet))) return subnet;
    }
  }
  return undefined;
}

/** The first address, which the bridge has. */
export function gatewayOf({ base }: Subnet): number {
  return base + 1;
}

/** The lowest address that a container may have and none of `used` has; undefined where the subnet is full. */
export function freeAddress(subnet: Subnet, used: ReadonlySet<number>): number | undefined {
  for (let address = gatewayOf(subnet) + 1; address < lastOf(subnet); address += 1) {
    if (!used.has(address)) return address;
  }
  return undefined;
}

export function broadcastOf(subnet: Subnet): number {
  return lastOf(subnet);
}

/** As Docker makes it: 02:42, then the four bytes of the address. */
export function macOf(address: number): string {
  const bytes = bytesOf(address).map((byte) => byte.toString(16).padStart(2, '0'));
  return ['02', '42', ...bytes].join(':');
}

export function addressText(address: number): string {
  return bytesOf(address).join('.');
}

export function bytesOf(address: number): readonly number[] {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256);
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

function sizeOf(prefixLength: number): number {
  return 2 ** (32 - prefixLength);
}

function lastOf({ base, prefixLength }: Subnet): number {
  return base + sizeOf(prefixLength) - 1;
}
