import { type Input, underlayAddress } from './input.ts';
import { overlayAddress, type Scope, vniOf } from './machine-parts.ts';

/** nftables table that counts the packets of the overlay. */
export const COUNT_TABLE = 'overlay_count';
/** nftables table that drops them on alpha. */
export const DROP_TABLE = 'overlay_drop';
/** nftables table that counts encrypted packets. */
export const ESP_TABLE = 'overlay_esp';
/** Comments of the rules. They identify the counters. */
export const SENT = 'sent';
export const ARRIVED = 'arrived';
export const DROPPED = 'dropped';
export const ENCRYPTED = 'encrypted';

export const sentRule = { family: 'inet', table: COUNT_TABLE, chain: 'output', comment: SENT } as const;
export const arrivedRule = { family: 'inet', table: COUNT_TABLE, chain: 'input', comment: ARRIVED } as const;

/** Offsets of fields of an encapsulated frame, in bits from the beginning of its UDP header. */
const OFFSET = { vni: 96, innerSource: 336, innerDestination: 368 };

/** Returns the chain of alpha that counts packets to beta with alpha's container as inner source and beta's as inner destination. */
export function sentRules(scope: Scope): string {
  const inner = [
    `@th,${OFFSET.innerSource},32 ${numberOf(overlayAddress(scope, 'alpha'))}`,
    `@th,${OFFSET.innerDestination},32 ${numberOf(overlayAddress(scope, 'beta'))}`,
  ].join(' ');
  return chain('output', `${outer(scope)} ${inner} counter comment "${SENT}"`);
}

/** Returns the chain of beta that counts packets from alpha with the overlay's network identifier, even if no link accepts them. */
export function arrivedRules(scope: Scope): string {
  return chain('input', `${outer(scope)} counter comment "${ARRIVED}"`);
}

/** Returns the chain of alpha that drops VXLAN packets. */
export function dropRules({ port }: Pick<Input, 'port'>): string {
  return chain('output', `udp dport ${port} counter drop comment "${DROPPED}"`);
}

/** Returns the chain that counts encrypted packets from alpha to beta. */
export function espRules(input: Input, hook: 'output' | 'input'): string {
  return chain(hook, `${betweenHosts(input)} meta l4proto esp counter comment "${ENCRYPTED}"`);
}

function chain(hook: 'output' | 'input', rule: string): string {
  return `chain ${hook} {\n  type filter hook ${hook} priority filter;\n  ${rule}\n}`;
}

/** Matches tunnel packets from alpha to beta. */
function outer(scope: Scope): string {
  const { input } = scope.context;
  return `${betweenHosts(input)} udp dport ${input.port} @th,${OFFSET.vni},24 ${vniOf(scope)}`;
}

/** Matches underlay packets from alpha to beta. */
function betweenHosts(input: Input): string {
  return `ip saddr ${underlayAddress(input, 'alpha')} ip daddr ${underlayAddress(input, 'beta')}`;
}

/** Returns an IPv4 address as a number for nft. */
function numberOf(address: string): string {
  return `0x${address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')}`;
}
