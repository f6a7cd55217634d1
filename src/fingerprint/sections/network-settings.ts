import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../engine/model/json.ts';
import { errnoOf } from '../../host/machine/errno.ts';

/** What of a fingerprint only a process inside can read, as subjects with their attributes. */
export type Subjects = Iterable<readonly [subject: string, attributes: Json]>;

/** Shows the network namespace of the process that looks. */
export const SETTINGS = '/proc/sys/net';

const GLOBAL = ['ipv4/ip_forward'];
/** What decides whether packets are passed on between links, and who answers for whose addresses. */
const PER_LINK: Readonly<Record<string, readonly string[]>> = {
  'ipv4/conf': ['forwarding', 'proxy_arp', 'route_localnet', 'rp_filter'],
  'ipv6/conf': ['disable_ipv6', 'forwarding', 'proxy_ndp'],
};
/** Exists while br_netfilter is loaded, which Docker does at its start. */
const BRIDGE = 'bridge';

/** Where `ip netns` keeps the namespaces that have a name; shows the mount namespace of the process that looks. */
export const NAMED_NAMESPACES = '/run/netns';

/** Forwarding and its like, by the names that sysctl uses: `sysctl net.ipv4.ip_forward`. */
export function readSysctls(): Subjects {
  return [...globalSettings(), ...perLinkSettings(), ...bridgeSettings()];
}

/** Named network namespaces with their inodes. @throws the system's error where the folder cannot be read. */
export function readNamedNamespaces(): Subjects {
  return existsSync(NAMED_NAMESPACES) ? readdirSync(NAMED_NAMESPACES).flatMap(namespaceEntry) : [];
}

/** Whether the kernel has IPv6, for the network namespace of the process that looks. */
export function hasIpv6(): boolean {
  return existsSync('/proc/net/if_inet6');
}

function* globalSettings(): Subjects {
  for (const path of GLOBAL) yield* setting(path);
}

function* bridgeSettings(): Subjects {
  for (const name of namesIn(BRIDGE)) yield* setting(`${BRIDGE}/${name}`);
}

function* perLinkSettings(): Subjects {
  for (const [folder, names] of Object.entries(PER_LINK)) {
    for (const link of namesIn(folder)) {
      for (const name of names) yield* setting(`${folder}/${link}/${name}`, link);
    }
  }
}

/** Nothing where the kernel does not know the setting, or the link vanished while it was read. */
function* setting(path: string, link?: string): Subjects {
  const value = contentOf(path);
  if (value === undefined) return;
  const ofLink = link === undefined || link === 'all' || link === 'default' ? {} : { dev: link };
  yield [`sysctl ${sysctlName(path)}`, { value, ...ofLink }];
}

/** As sysctl writes it: dots between the parts, and a slash for a dot inside one (`eth0.5`). */
function sysctlName(path: string): string {
  const parts = path.split('/').map((part) => part.replaceAll('.', '/'));
  return `net.${parts.join('.')}`;
}

function namesIn(folder: string): readonly string[] {
  const path = join(SETTINGS, folder);
  return existsSync(path) ? readdirSync(path) : [];
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(join(SETTINGS, path), 'utf8').trim();
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENODEV') return undefined;
    if (errnoOf(thrown) === 'EACCES' || errnoOf(thrown) === 'EPERM') return 'unreadable: needs more rights';
    throw thrown;
  }
}

function namespaceEntry(name: string): (readonly [string, Json])[] {
  try {
    return [[`namespace ${name}`, { name, inode: statSync(join(NAMED_NAMESPACES, name)).ino }]];
  } catch (thrown) {
    // Removed between the listing and the look at it.
    if (errnoOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
