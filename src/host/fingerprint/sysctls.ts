import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../engine/json.ts';
import { errnoOf } from '../errno.ts';
import { readSection, type Section } from './shape.ts';

/** Shows the network namespace of the process that looks. */
const ROOT = '/proc/sys/net';

const GLOBAL = ['ipv4/ip_forward'];
/** What decides whether packets are passed on between links, and who answers for whose addresses. */
const PER_LINK: Readonly<Record<string, readonly string[]>> = {
  'ipv4/conf': ['forwarding', 'proxy_arp', 'route_localnet', 'rp_filter'],
  'ipv6/conf': ['disable_ipv6', 'forwarding', 'proxy_ndp'],
};
/** Exists while br_netfilter is loaded, which Docker does at its start. */
const BRIDGE = 'bridge';

/** Forwarding and its like, by the names that sysctl uses: `sysctl net.ipv4.ip_forward`. */
export function sysctlSection(): Section {
  return readSection([...globalSettings(), ...perLinkSettings(), ...bridgeSettings()]);
}

function* globalSettings(): Iterable<readonly [string, Json]> {
  for (const path of GLOBAL) yield* setting(path);
}

function* bridgeSettings(): Iterable<readonly [string, Json]> {
  for (const name of namesIn(BRIDGE)) yield* setting(`${BRIDGE}/${name}`);
}

function* perLinkSettings(): Iterable<readonly [string, Json]> {
  for (const [folder, names] of Object.entries(PER_LINK)) {
    for (const link of namesIn(folder)) {
      for (const name of names) yield* setting(`${folder}/${link}/${name}`, link);
    }
  }
}

/** Nothing where the kernel does not know the setting, or the link vanished while it was read. */
function* setting(path: string, link?: string): Iterable<readonly [string, Json]> {
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
  const path = join(ROOT, folder);
  return existsSync(path) ? readdirSync(path) : [];
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(join(ROOT, path), 'utf8').trim();
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT' || errnoOf(thrown) === 'ENODEV') return undefined;
    if (errnoOf(thrown) === 'EACCES' || errnoOf(thrown) === 'EPERM') return 'unreadable: needs more rights';
    throw thrown;
  }
}
