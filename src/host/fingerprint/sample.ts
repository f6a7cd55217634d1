import { asWfError, WfError } from '../../engine/errors.ts';
import type { CommandPort } from '../../engine/ports/command.ts';
import type { DockerPort } from '../../engine/ports/docker.ts';
import { dockerSections } from './docker-objects.ts';
import { firewallSections } from './firewall.ts';
import type { HostSettings, ReadSettings } from './host-settings.ts';
import { linksAndAddresses } from './links.ts';
import { readTool } from './read-tool.ts';
import { type Family, neighboursOf, qdiscsOf, routesOf, rulesOf } from './routes.ts';
import { readSection, type Section, type Sections, unreadableSection } from './shape.ts';

interface SamplePorts {
  readonly command: CommandPort;
  readonly docker: DockerPort;
  readonly settings: ReadSettings;
}

/**
 * The host as it is now, everything read at the same time.
 * @throws WfError E_HOST_STATE_UNKNOWN when a read fails that this machine and this user could do.
 */
export async function takeSample({ command, docker, settings: readSettings }: SamplePorts): Promise<Sections> {
  try {
    const settings = await readSettings();
    const [links, ipv4, ipv6, qdiscs, firewall, objects] = await Promise.all([
      linkSections(command),
      routingSections(command, 'ipv4'),
      ipv6Sections(command, settings),
      qdiscSection(command),
      firewallSections(command),
      dockerSections(docker),
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
      ...firewall,
      ...objects,
    };
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code === 'E_HOST_STATE_UNKNOWN') throw error;
    throw new WfError('E_HOST_STATE_UNKNOWN', `the state of this host could not be read: ${error.message}`, {
      hint: error.hint,
      cause: thrown,
    });
  }
}

async function linkSections(command: CommandPort): Promise<Record<'links' | 'addresses' | 'neighbours', Section>> {
  const [links, neighbours] = await Promise.all([
    readTool(command, ['ip', '-json', '-details', 'address', 'show']),
    readTool(command, ['ip', '-json', 'neigh', 'show', 'nud', 'permanent']),
  ]);
  const read =
    links.found === 'output'
      ? linksAndAddresses(links.stdout)
      : { links: unreadableSection(links.why), addresses: unreadableSection(links.why) };
  return {
    ...read,
    neighbours: neighbours.found === 'output' ? neighboursOf(neighbours.stdout) : unreadableSection(neighbours.why),
  };
}

/** A kernel that was started without IPv6 has no routes of it to ask for. */
async function ipv6Sections(command: CommandPort, { hasIpv6 }: HostSettings) {
  return hasIpv6 ? routingSections(command, 'ipv6') : { routes: readSection([]), rules: readSection([]) };
}

async function routingSections(command: CommandPort, family: Family): Promise<Record<'routes' | 'rules', Section>> {
  const option = family === 'ipv4' ? '-4' : '-6';
  const [routes, rules] = await Promise.all([
    readTool(command, ['ip', option, '-json', '-details', 'route', 'show', 'table', 'all']),
    readTool(command, ['ip', option, '-json', '-details', 'rule', 'show']),
  ]);
  return {
    routes: routes.found === 'output' ? routesOf(routes.stdout, family) : unreadableSection(routes.why),
    rules: rules.found === 'output' ? rulesOf(rules.stdout, family) : unreadableSection(rules.why),
  };
}

async function qdiscSection(command: CommandPort): Promise<Section> {
  const answer = await readTool(command, ['tc', '-json', 'qdisc', 'show']);
  return answer.found === 'output' ? qdiscsOf(answer.stdout) : unreadableSection(answer.why);
}
