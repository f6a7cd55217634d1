import { z } from 'zod';
import { lazy } from '../../engine/model/lazy.ts';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { readIpJson } from './run-ip.ts';

/** Members of an entry in `bridge -json fdb show` that its readers share. */
export const forwardingMembers = lazy(() => ({
  mac: z.string(),
  /** Port of a bridge, or VXLAN link. */
  ifname: z.string(),
  /** Bridge of the entry; absent for an entry of the link itself. */
  master: z.string().optional(),
  vlan: z.number().int().optional(),
  /** Tunnel end behind a VXLAN link; `port` and `vni` only if they are not those of the link. */
  dst: z.string().optional(),
  port: z.number().int().optional(),
  vni: z.number().int().optional(),
  /** `permanent`, `static`, or `stale` or empty for a learned one. */
  state: z.string().default(''),
  flags: z.array(z.string()).default([]),
}));

const forwardingEntry = lazy(() => z.object(forwardingMembers()));
/** Entry of a forwarding table: where a MAC address is. */
export type ForwardingEntry = z.output<ReturnType<typeof forwardingEntry>>;

/**
 * Reads the forwarding tables of a namespace, by default wf's own.
 * @param bridge reads only the table of this bridge
 * @throws WfError like readLinks.
 */
export function readForwarding(
  command: CommandPort,
  namespace?: NamespaceRef,
  bridge?: string,
): Promise<ForwardingEntry[]> {
  const args = ['fdb', 'show', ...(bridge === undefined ? [] : ['br', bridge])];
  return readIpJson(command, args, forwardingEntry(), namespace, 'bridge');
}

/** Returns whether an administrator set the entry, and not a received packet or a routing daemon. */
export function isConfigured({ state, flags }: Pick<ForwardingEntry, 'state' | 'flags'>): boolean {
  return (state === 'permanent' || state === 'static') && !flags.includes('extern_learn');
}
