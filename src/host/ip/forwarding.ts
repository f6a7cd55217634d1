import { z } from 'zod';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { readIpJson } from './run-ip.ts';

/** Entry of a bridge's forwarding table: the port behind which the bridge knows a MAC address. */
export interface ForwardingEntry {
  readonly mac: string;
  readonly port: string;
  /** `permanent` for the own addresses of the bridge and its ports; empty for a learned one. */
  readonly state: string;
}

const forwardingEntry = z.object({ mac: z.string(), ifname: z.string(), state: z.string().default('') });

/** Reads the forwarding table of a bridge. @throws WfError like readLinks. */
export async function readForwarding(
  command: CommandPort,
  bridge: string,
  namespace?: NamespaceRef,
): Promise<ForwardingEntry[]> {
  const entries = await readIpJson(command, ['fdb', 'show', 'br', bridge], forwardingEntry, namespace, 'bridge');
  return entries.map(({ mac, ifname, state }) => ({ mac, port: ifname, state }));
}
