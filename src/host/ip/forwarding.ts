import { z } from 'zod';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { readIpJson } from './run-ip.ts';

/** An entry of a bridge's forwarding table: the port behind which the bridge knows a MAC address. */
export interface ForwardingEntry {
  readonly mac: string;
  readonly port: string;
  /** `permanent` for the bridge's and the ports' own addresses; empty for one that was learned. */
  readonly state: string;
}

const forwardingEntry = z.object({ mac: z.string(), ifname: z.string(), state: z.string().default('') });

/** The forwarding table of a bridge. @throws WfError as readLinks does. */
export async function readForwarding(
  command: CommandPort,
  bridge: string,
  namespace?: NamespaceRef,
): Promise<ForwardingEntry[]> {
  const entries = await readIpJson(command, ['fdb', 'show', 'br', bridge], forwardingEntry, namespace, 'bridge');
  return entries.map(({ mac, ifname, state }) => ({ mac, port: ifname, state }));
}
