import { type Input, overlayAddress, underlayAddress } from './input.ts';

/** Table of nftables that counts the packets of the overlay. */
export const COUNT_TABLE = 'overlay_count';
/** Table of nftables that drops them on alpha. */
export const DROP_TABLE = 'overlay_drop';
/** Comments of the rules, by which their counters are read. */
export const SENT = 'sent';
export const ARRIVED = 'arrived';
export const DROPPED = 'dropped';

/** Bits from the beginning of the UDP header, which begins an encapsulated frame, to the fields in it. */
const OFFSET = { vni: 96, innerSource: 336, innerDestination: 368 };

/** Returns the chain of alpha that counts packets to beta with alpha's container as inner source and beta's as inner destination. */
export function sentRules(input: Input): string {
  const inner = [
    `@th,${OFFSET.innerSource},32 ${numberOf(overlayAddress(input, 'alpha'))}`,
    `@th,${OFFSET.innerDestination},32 ${numberOf(overlayAddress(input, 'beta'))}`,
  ].join(' ');
  return chain('output', `${outer(input)} ${inner} counter comment "${SENT}"`);
}

/** Returns the chain of beta that counts packets from alpha with the network identifier of the overlay, whether a link takes them or not. */
export function arrivedRules(input: Input): string {
  return chain('input', `${outer(input)} counter comment "${ARRIVED}"`);
}

/** Returns the chain of alpha that drops packets of VXLAN. */
export function dropRules({ port }: Input): string {
  return chain('output', `udp dport ${port} counter drop comment "${DROPPED}"`);
}

function chain(hook: 'output' | 'input', rule: string): string {
  return `chain ${hook} {\n  type filter hook ${hook} priority filter;\n  ${rule}\n}`;
}

/** Matches packets of the tunnel from alpha to beta. */
function outer(input: Input): string {
  const addresses = `ip saddr ${underlayAddress(input, 'alpha')} ip daddr ${underlayAddress(input, 'beta')}`;
  return `${addresses} udp dport ${input.port} @th,${OFFSET.vni},24 ${input.vni}`;
}

/** Returns an IPv4 address as nft compares it. */
function numberOf(address: string): string {
  return `0x${address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')}`;
}
