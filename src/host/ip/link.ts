import { z } from 'zod';
import { lazy } from '../../engine/model/lazy.ts';
import type { CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { addressMembers, linkMembers } from './entries.ts';
import { readIpJson } from './run-ip.ts';

export type AddressFamily = 'inet' | 'inet6';

/** Address of a link. */
export interface LinkAddress {
  readonly address: string;
  readonly prefixLength: number;
  /** `global`, `link`, `host` or a site-specific scope. */
  readonly scope: string;
  readonly family: AddressFamily;
}

/** Network interface as seen in one namespace. */
export interface Link {
  readonly ifindex: number;
  readonly name: string;
  /** `veth`, `bridge`, ...; null for hardware and loopback. */
  readonly kind: string | null;
  readonly mac: string | null;
  readonly mtu: number;
  /** Administrative state, independent of the carrier. */
  readonly up: boolean;
  /** Name of its bridge or bond. */
  readonly master: string | null;
  /** For a veth: ifindex of the other end, in that end's namespace. */
  readonly peerIfindex: number | null;
  /** Id of the other end's namespace, valid in this namespace; null if both ends are in this one. */
  readonly peerNamespaceId: number | null;
  readonly alias: string | null;
  /** `default`, a name of /etc/iproute2/group, or a number. */
  readonly group: string;
  readonly altnames: readonly string[];
  readonly counters: LinkCounters;
  readonly addresses: readonly LinkAddress[];
}

export interface LinkCounters {
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** Entry of `ip -json -details -statistics address show`. */
export const linkEntry = lazy(() => {
  const count = z.number().int().nonnegative();
  const counters = z.object({ packets: count, bytes: count });
  return z.object({
    ...linkMembers(),
    ifindex: z.number().int().positive(),
    link_index: z.number().int().optional(),
    link_netnsid: z.number().int().optional(),
    group: z.string().default('default'),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    stats64: z.object({ rx: counters, tx: counters }),
    addr_info: z.array(z.object({ ...addressMembers(), family: z.string(), scope: z.string().optional() })).optional(),
  });
});
type LinkEntry = z.infer<ReturnType<typeof linkEntry>>;

const LINK_ARGS = ['-details', '-statistics', 'address', 'show'] as const;

/**
 * Reads all links of a namespace (by default wf's own) with their addresses.
 * @throws WfError E_HOST_COMMAND, E_HOST_STATE_UNKNOWN, E_NAMESPACE_GONE, E_PERMISSION, E_TOOL_MISSING; a failed read never
 * returns an empty list.
 */
export async function readLinks(command: CommandPort, namespace?: NamespaceRef): Promise<Link[]> {
  return linksOf(await readIpJson(command, LINK_ARGS, linkEntry(), namespace));
}

/** Finds the link with this name or alternative name, or null. Throws like readLinks. */
export async function findLink(command: CommandPort, name: string, namespace?: NamespaceRef): Promise<Link | null> {
  const links = await readLinks(command, namespace);
  return links.find((link) => link.name === name || link.altnames.includes(name)) ?? null;
}

/** An address with its link. */
export type AddressOnLink = LinkAddress & { readonly link: string; readonly ifindex: number };

/** Returns the addresses of these links, each with its link. */
export function addressesOf(links: readonly Link[]): AddressOnLink[] {
  return links.flatMap(({ name, ifindex, addresses }) =>
    addresses.map((address) => ({ ...address, link: name, ifindex })),
  );
}

/** Formats an address as `ip` does: `172.18.0.2/16`. */
export function cidrOf(address: LinkAddress): string {
  return `${address.address}/${address.prefixLength}`;
}

/** Converts the entries of one listing into links. */
export function linksOf(entries: readonly LinkEntry[]): Link[] {
  const indexes = new Map(entries.map((entry) => [entry.ifname, entry.ifindex]));
  return entries.map((entry) => ({
    ifindex: entry.ifindex,
    name: entry.ifname,
    kind: entry.linkinfo?.info_kind ?? null,
    mac: entry.address ?? null,
    mtu: entry.mtu,
    up: entry.flags.includes('UP'),
    master: entry.master ?? null,
    peerIfindex: entry.link_index ?? peerIndex(entry.link, indexes),
    peerNamespaceId: entry.link_netnsid ?? null,
    alias: entry.ifalias ?? null,
    group: entry.group,
    altnames: entry.altnames,
    counters: {
      rxPackets: entry.stats64.rx.packets,
      txPackets: entry.stats64.tx.packets,
      rxBytes: entry.stats64.rx.bytes,
      txBytes: entry.stats64.tx.bytes,
    },
    addresses: (entry.addr_info ?? []).flatMap(addressOf),
  }));
}

/** If the other end is in the same namespace, `ip` prints its name and not its index, or `if7` for one without a name. */
function peerIndex(link: string | null | undefined, indexes: ReadonlyMap<string, number>): number | null {
  if (link === null || link === undefined) return null;
  const index = indexes.get(link) ?? Number(/^if(\d+)$/.exec(link)?.[1]);
  return Number.isInteger(index) ? index : null;
}

function addressOf(entry: NonNullable<LinkEntry['addr_info']>[number]): LinkAddress[] {
  const { family, local, prefixlen, scope } = entry;
  if ((family !== 'inet' && family !== 'inet6') || local === undefined || prefixlen === undefined) return [];
  return [{ address: local, prefixLength: prefixlen, scope: scope ?? 'global', family }];
}
