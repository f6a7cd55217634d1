import { z } from 'zod';
import { lazy } from '../../engine/model/lazy.ts';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { linkMembers } from './entries.ts';
import { readIpJson } from './run-ip.ts';

export const VXLAN_LINKS = ['-details', 'link', 'show', 'type', 'vxlan'] as const;

const vxlanEntry = lazy(() => {
  const { ifname, flags, mtu, master } = linkMembers();
  const data = z.object({
    id: z.number().int(),
    port: z.number().int(),
    local: z.string().optional(),
    link: z.string().optional(),
    learning: z.boolean().default(false),
  });
  return z.object({ ifname, flags, mtu, master, linkinfo: z.object({ info_data: data }) });
});

/** VXLAN link as seen in one namespace. */
export interface VxlanLink {
  readonly name: string;
  readonly vni: number;
  /** UDP port. */
  readonly port: number;
  /** Address of its own tunnel end; null if the kernel chooses it. */
  readonly local: string | null;
  /** Link below it; null for none. */
  readonly parent: string | null;
  /** Bridge that it is a port of; null for none. */
  readonly bridge: string | null;
  readonly mtu: number;
  readonly up: boolean;
  /** Whether it learns tunnel ends from the frames that arrive. */
  readonly learning: boolean;
}

/** Reads the VXLAN links of a namespace, by default wf's own. @throws WfError like readLinks. */
export async function readVxlanLinks(command: CommandPort, namespace?: NamespaceRef): Promise<VxlanLink[]> {
  const found = await readIpJson(command, VXLAN_LINKS, vxlanEntry(), namespace);
  return found.map(({ ifname, flags, mtu, master, linkinfo: { info_data: data } }) => ({
    name: ifname,
    vni: data.id,
    port: data.port,
    local: data.local ?? null,
    parent: data.link ?? null,
    bridge: master ?? null,
    mtu,
    up: flags.includes('UP'),
    learning: data.learning,
  }));
}
