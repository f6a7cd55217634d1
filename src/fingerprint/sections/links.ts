import { z } from 'zod';
import type { Json } from '../../engine/model/json.ts';
import { addressMembers, linkMembers, withoutExcluded } from '../../host/ip/entries.ts';
import { readSection, type Section } from '../differences/shape.ts';
import { parseOutput, parseValue } from './parse-output.ts';

const settings = z.record(z.string(), z.json());

const addressEntry = settings.and(z.looseObject(addressMembers()));

const linkEntry = z.object({
  ...linkMembers(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: settings.default({}),
      info_slave_data: settings.default({}),
    })
    .default({ info_data: {}, info_slave_data: {} }),
  addr_info: z.array(addressEntry).default([]),
});
type LinkEntry = z.output<typeof linkEntry>;

/** Configured settings by kind. The others are timers, ids, counters and states, and vary with the kernel. */
const KIND_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  bridge: [
    'stp_state',
    'priority',
    'forward_delay',
    'hello_time',
    'max_age',
    'ageing_time',
    'vlan_filtering',
    'vlan_protocol',
    'group_fwd_mask',
    'mcast_snooping',
    'nf_call_iptables',
    'nf_call_ip6tables',
    'nf_call_arptables',
  ],
  bond: ['mode', 'miimon', 'primary'],
  ipvlan: ['mode'],
  macvlan: ['mode'],
  macvtap: ['mode'],
  tun: ['type', 'persist', 'user', 'group'],
  vlan: ['id', 'protocol'],
  vrf: ['table'],
  vxlan: ['id', 'link', 'local', 'remote', 'group', 'port'],
};
const PORT_SETTINGS = ['hairpin', 'isolated', 'learning', 'flood', 'guard', 'neigh_suppress', 'locked'];

/** Kinds that take the address of a port if they have none. */
const BORROWS_ADDRESS = new Set(['bridge', 'bond', 'team']);

const ADDRESS_ATTRIBUTES = [
  'family',
  'scope',
  'address',
  'broadcast',
  'label',
  'metric',
  'protocol',
  'dynamic',
  'temporary',
  'mngtmpaddr',
  'noprefixroute',
  'secondary',
];

interface LinkSections {
  readonly links: Section;
  readonly addresses: Section;
  /** MAC addresses by link name, also of links that borrow theirs. */
  readonly macs: ReadonlyMap<string, string>;
}

/** Parses links and addresses from `ip -json -details address show`. @throws UnexpectedOutput */
export function linksAndAddresses(text: string): LinkSections {
  const found = parseOutput('ip', text, z.array(z.record(z.string(), z.unknown())));
  const links = parseValue('ip', withoutExcluded(found), z.array(linkEntry));
  return {
    links: readSection(links.map((link) => [`link ${link.ifname}`, linkAttributes(link)])),
    addresses: readSection(links.flatMap(addressesOf)),
    macs: new Map(links.flatMap(({ ifname, address }) => (address === undefined ? [] : [[ifname, address]]))),
  };
}

function linkAttributes(link: LinkEntry): Json {
  const { info_kind: kind, info_data: data, info_slave_data: port } = link.linkinfo;
  return {
    kind: kind ?? null,
    up: link.flags.includes('UP'),
    mtu: link.mtu,
    master: link.master ?? null,
    alias: link.ifalias ?? null,
    ...(link.altnames.length === 0 ? {} : { altnames: [...link.altnames].sort() }),
    ...(typeof link.link === 'string' ? { link: link.link } : {}),
    ...(link.address === undefined || BORROWS_ADDRESS.has(kind ?? '') ? {} : { mac: link.address }),
    ...grouped('settings', picked(data, KIND_SETTINGS[kind ?? ''] ?? [])),
    ...grouped('port', picked(port, PORT_SETTINGS)),
  };
}

function addressesOf(link: LinkEntry): [string, Json][] {
  return link.addr_info.flatMap((entry): [string, Json][] => {
    if (entry.local === undefined || entry.prefixlen === undefined) return [];
    const address = `${entry.local}/${entry.prefixlen}`;
    const { address: peer, ...attributes } = picked(entry, ADDRESS_ATTRIBUTES);
    const value = { ...attributes, cidr: address, dev: link.ifname, ...(peer === undefined ? {} : { peer }) };
    return [[`address ${address} on ${link.ifname}`, value]];
  });
}

function grouped(name: string, values: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  return Object.keys(values).length === 0 ? {} : { [name]: values };
}

function picked(from: Readonly<Record<string, Json>>, names: readonly string[]): Readonly<Record<string, Json>> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
