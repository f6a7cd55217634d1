import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../../engine/model/json.ts';
import { errnoOf } from '../../../host/machine/errno.ts';

/** Parts of a fingerprint that only a process inside the namespace can read, as subjects with attributes. */
export type Subjects = Iterable<readonly [subject: string, attributes: Json]>;

/** Shows the network namespace of the reading process. */
export const SETTINGS = '/proc/sys/net';

export const GLOBAL = ['ipv4/ip_forward'];
/** Settings that control forwarding between links, and answers for addresses. */
export const PER_LINK: Readonly<Record<string, readonly string[]>> = {
  'ipv4/conf': ['forwarding', 'proxy_arp', 'route_localnet', 'rp_filter'],
  'ipv6/conf': ['disable_ipv6', 'forwarding', 'proxy_ndp'],
};
/** Exists while br_netfilter is loaded, which Docker does at its start. */
export const BRIDGE = 'bridge';

/** Folder of the namespaces that `ip netns` has named, in the mount namespace of the reading process. */
export const NAMED_NAMESPACES = '/run/netns';

/** Reads forwarding and related settings by their sysctl names, such as `net.ipv4.ip_forward`. */
export function readSysctls(): Subjects {
  return [...globalSettings(), ...perLinkSettings(), ...bridgeSettings()];
}

/** Reads named network namespaces with their inodes. @throws the system's error if the folder cannot be read. */
export function readNamedNamespaces(): Subjects {
  return existsSync(NAMED_NAMESPACES) ? readdirSync(NAMED_NAMESPACES).flatMap(namespaceEntry) : [];
}

/** Returns whether the kernel has IPv6 in the network namespace of this process. */
export function hasIpv6(): boolean {
  return existsSync('/proc/net/if_inet6');
}

/** Files in which the kernel lists the tables that only the legacy programs of iptables show. */
export const LEGACY_TABLES = { ipv4: '/proc/net/ip_tables_names', ipv6: '/proc/net/ip6_tables_names' } as const;

/** Whether iptables-legacy has tables in the network namespace of this process: `some`, `none`, or why that is unknown. */
export type LegacyTables = Readonly<Record<keyof typeof LEGACY_TABLES, string>>;

export function readLegacyTables(): LegacyTables {
  return { ipv4: tablesListedIn(LEGACY_TABLES.ipv4), ipv6: tablesListedIn(LEGACY_TABLES.ipv6) };
}

function tablesListedIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim() === '' ? 'none' : 'some';
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT') return 'none';
    return errno === 'EACCES' || errno === 'EPERM' ? `${path} needs more rights` : `${path}: ${errno}`;
  }
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
      for (const name of names) yield* setting(`${folder}/${link}/${name}`);
    }
  }
}

/** Reads a setting; yields nothing if the kernel lacks it or the link vanished meanwhile. */
function* setting(path: string): Subjects {
  const value = contentOf(path);
  if (value !== undefined) yield settingSubject(path, value);
}

/** Returns the subject of a setting. @param path below the folder of settings */
export function settingSubject(path: string, value: string): readonly [subject: string, attributes: Json] {
  const link = /^ipv[46]\/conf\/([^/]+)\//.exec(path)?.[1];
  const ofLink = link === undefined || link === 'all' || link === 'default' ? {} : { dev: link };
  return [`sysctl ${sysctlName(path)}`, { value, ...ofLink }];
}

/** Formats a path like sysctl: dots between the parts, and a slash for a dot inside one (`eth0.5`). */
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
    // The entry was removed between listing and reading.
    if (errnoOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}
