import type { CommandPort } from '../engine/ports/command.ts';
import type { DockerPort } from '../engine/ports/docker.ts';
import type { Facet } from '../engine/workflow/facets.ts';
import {
  DOCKER_LEFT_OUT,
  FIREWALL_LEFT_OUT,
  NETWORK_LEFT_OUT,
  readSection,
  type Section,
  type Sections,
  unreadableSection,
} from './differences/shape.ts';
import { dockerSections } from './sections/docker-objects.ts';
import { firewallSections } from './sections/firewall.ts';
import { forwardingEntriesOf, forwardingSection } from './sections/forwarding.ts';
import { linksAndAddresses } from './sections/links.ts';
import { trafficControlSection } from './sections/qdiscs.ts';
import { readSectionWith, readWith } from './sections/read-section.ts';
import { type Family, neighboursOf, routesOf, rulesOf } from './sections/routes.ts';
import type { HostSettings, ReadSettings } from './sections/settings/host-settings.ts';

export interface SamplePorts {
  readonly command: CommandPort;
  readonly docker: DockerPort;
  readonly settings: ReadSettings;
}

/**
 * Reads these facets of the host in parallel. If a tool is missing, not permitted, or prints unexpected output, only its own sections are
 * unreadable.
 * @throws WfError if the host cannot be reached at all
 */
export async function takeSample(ports: SamplePorts, facets: readonly Facet[]): Promise<Sections> {
  const { command, docker, settings: readSettings } = ports;
  const isNeeded = facets.includes('network') || facets.includes('firewall');
  const settings = isNeeded ? await readSettings() : null;
  const [network, firewall, objects] = await Promise.all([
    settings !== null && facets.includes('network') ? networkSections(command, settings) : NETWORK_LEFT_OUT,
    settings !== null && facets.includes('firewall')
      ? firewallSections(command, settings.legacyTables)
      : FIREWALL_LEFT_OUT,
    facets.includes('docker') ? dockerSections(docker) : DOCKER_LEFT_OUT,
  ]);
  return { ...network, ...firewall, ...objects };
}

async function networkSections(command: CommandPort, settings: HostSettings) {
  const [links, ipv4, ipv6, qdiscs] = await Promise.all([
    linkSections(command),
    routingSections(command, 'ipv4'),
    ipv6Sections(command, settings),
    trafficControlSection(command),
  ]);
  return {
    ...links,
    'routes ipv4': ipv4.routes,
    'rules ipv4': ipv4.rules,
    'routes ipv6': ipv6.routes,
    'rules ipv6': ipv6.rules,
    qdiscs,
    sysctls: settings.sysctls,
    namespaces: settings.namespaces,
  };
}

async function linkSections(
  command: CommandPort,
): Promise<Record<'links' | 'addresses' | 'neighbours' | 'forwarding', Section>> {
  const [{ read, why }, neighbours, entries] = await Promise.all([
    readWith(command, ['ip', '-json', '-details', 'address', 'show'], linksAndAddresses),
    readSectionWith(command, ['ip', '-json', 'neigh', 'show', 'nud', 'permanent'], neighboursOf),
    readWith(command, ['bridge', '-json', 'fdb', 'show'], forwardingEntriesOf),
  ]);
  return {
    links: read?.links ?? unreadableSection(why),
    addresses: read?.addresses ?? unreadableSection(why),
    neighbours,
    forwarding:
      entries.read === undefined
        ? unreadableSection(entries.why)
        : forwardingSection(entries.read, read?.macs ?? new Map()),
  };
}

/** A kernel booted without IPv6 has no IPv6 routes to read. */
async function ipv6Sections(command: CommandPort, { hasIpv6 }: HostSettings) {
  return hasIpv6 ? routingSections(command, 'ipv6') : { routes: readSection([]), rules: readSection([]) };
}

async function routingSections(command: CommandPort, family: Family): Promise<Record<'routes' | 'rules', Section>> {
  const option = family === 'ipv4' ? '-4' : '-6';
  const [routes, rules] = await Promise.all([
    readSectionWith(command, ['ip', option, '-json', '-details', 'route', 'show', 'table', 'all'], (text) =>
      routesOf(text, family),
    ),
    readSectionWith(command, ['ip', option, '-json', '-details', 'rule', 'show'], (text) => rulesOf(text, family)),
  ]);
  return { routes, rules };
}
