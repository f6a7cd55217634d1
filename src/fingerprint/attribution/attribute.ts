import { z } from 'zod';
import { ROUTE_PROTOCOL } from '../../engine/model/identity/mark.ts';
import { contains, parseSubnet } from '../../host/ip/subnet.ts';
import type { RawDifference } from '../differences/differences.ts';
import { READ } from '../differences/shape.ts';
import type { ViewedContainer } from '../sections/host-view.ts';
import { ownerOfChain, ownerOfCreatedTable, ownerOfRule } from './attribute-rule.ts';
import { type Attribution, byLabels, byLedger, byWords, docker, type Known, SOMEBODY } from './attribution.ts';
import { broaderSettings } from './broader-settings.ts';
import { isNumber, type NamedChange } from './ledger-identities.ts';
import { byDockerId, kept, ownerOfLink, ownerOfLinkDifference, ownerOfNetwork } from './link-owner.ts';

const textual = z.union([z.string(), z.number()]).transform(String);
const addressSchema = z.object({ cidr: z.string(), dev: z.string() });
const routeSchema = z.object({
  dst: z.string(),
  dev: z.string().optional(),
  gateway: z.string().optional(),
  protocol: textual.optional(),
  nexthops: z.array(z.object({ dev: z.string().optional() })).default([]),
});
const ruleSchema = z.object({
  priority: textual,
  src: z.string().default('all'),
  dst: z.string().optional(),
  table: textual.optional(),
  protocol: textual.optional(),
  iif: z.string().optional(),
  oif: z.string().optional(),
});
const forwardingSchema = z.object({ mac: z.string(), dev: z.string(), dst: z.string().optional() });
const neighbourSchema = z.object({ dst: z.string(), dev: z.string() });
const qdiscSchema = z.object({ kind: z.string(), dev: z.string() });
const sysctlSchema = z.object({ value: z.string(), dev: z.string().optional() });
const namespaceSchema = z.object({ name: z.string() });
const swarmSchema = z.object({ node: z.string().nullable(), labels: z.record(z.string(), z.string()) });
const volumeSchema = z.object({ name: z.string(), labels: z.record(z.string(), z.string()) });

/** Keywords of `ip rule` for a table, and for a priority below. */
const TABLE_WORDS = ['lookup', 'table'];
const PRIORITY_WORDS = ['priority', 'preference', 'pref', 'order'];

/** Networks that the engine itself creates, at its start or when it joins a swarm. */
const DOCKER_NETWORKS = new Set(['bridge', 'host', 'none', 'docker_gwbridge', 'ingress']);

/** Returns the owner of a difference by marks and by the changes that name it. Pure. */
export function attribute(found: RawDifference, known: Known): Attribution {
  if (found.about.type === 'section') return ownerOfReading(found);
  const inCreatedTable = ownerOfCreatedTable(found.section, found.entry, known);
  if (inCreatedTable !== undefined) return inCreatedTable;
  if (found.about.type === 'firewall rule') return ownerOfRule(found.section, found.about, known);
  const entry = found.after ?? found.before;
  switch (found.section) {
    case 'links':
      return ownerOfLinkDifference(found.subject.replace(/^link /, ''), found.difference, known);
    case 'addresses': {
      const { cidr, dev } = addressSchema.parse(entry);
      return byWords(known, cidr, dev) ?? byWords(known, cidr.replace(/\/\d+$/, ''), dev) ?? ownerOfLink(dev, known);
    }
    case 'routes ipv4':
    case 'routes ipv6':
      return ownerOfRoute(routeSchema.parse(entry), known);
    case 'rules ipv4':
    case 'rules ipv6':
      return ownerOfPolicyRule(ruleSchema.parse(entry), known);
    case 'neighbours': {
      const { dst, dev } = neighbourSchema.parse(entry);
      return byWords(known, dst, dev) ?? ownerOfLink(dev, known);
    }
    case 'forwarding': {
      const { mac, dev, dst } = forwardingSchema.parse(entry);
      return byWords(known, mac, dev, ...(dst === undefined ? [] : [dst])) ?? ownerOfLink(dev, known);
    }
    case 'qdiscs': {
      const { kind, dev } = qdiscSchema.parse(entry);
      return byWords(known, kind, dev) ?? ownerOfLink(dev, known);
    }
    case 'sysctls':
      return ownerOfSysctl(found, known);
    case 'namespaces': {
      if (found.difference === 'removed') return SOMEBODY;
      const { name } = namespaceSchema.parse(entry);
      const isNamed = ({ words }: NamedChange) => words.has(name) || words.has(`/run/netns/${name}`);
      return byLedger(known, (change) => !change.ofDocker && isNamed(change)) ?? SOMEBODY;
    }
    case 'networks':
    case 'containers':
      return ownerOfDockerObject(found, known);
    case 'volumes':
      return ownerOfVolume(volumeSchema.parse(entry), known);
    case 'swarm': {
      const { node, labels } = swarmSchema.parse(entry);
      const recorded = byLedger(
        known,
        ({ change, words }) => change.kind.startsWith('swarm.') && words.has(node ?? ''),
      );
      return kept(recorded) ?? byLabels(labels, known) ?? recorded ?? SOMEBODY;
    }
    default:
      return ownerOfFirewallEntry(found, known);
  }
}

/** Returns the owner of an unreadable section. If it was readable before the run, it may contain leftovers: it counts as the run's. */
function ownerOfReading({ before }: RawDifference): Attribution {
  if (before !== READ) return SOMEBODY;
  return {
    owner: 'run',
    reason: 'it was readable before the run and is unreadable now: leftovers of the run cannot be ruled out',
  };
}

function ownerOfRoute(route: z.output<typeof routeSchema>, known: Known): Attribution {
  const devices = [route.dev, ...route.nexthops.map((hop) => hop.dev)].filter((name) => name !== undefined);
  const ownMark = route.protocol === String(ROUTE_PROTOCOL);
  for (const dev of devices) {
    if (ownMark) {
      const marked = byWords(known, dev);
      if (marked !== undefined) return { ...marked, reason: `its protocol is wf's, and ${marked.reason}` };
    }
    const named = byWords(known, route.dst, dev, ...(route.gateway === undefined ? [] : [route.gateway]));
    if (named !== undefined) return named;
    const destination = route.protocol === 'kernel' ? parseSubnet(route.dst) : undefined;
    const followed =
      destination &&
      byLedger(known, ({ ofDocker, words, subnets }) => {
        return !ofDocker && words.has(dev) && subnets.some((subnet) => contains(subnet, destination));
      });
    if (followed !== undefined) return followed;
  }
  const owners = devices.map((dev) => ownerOfLink(dev, known));
  const owner = owners.find((link) => link.owner === 'run') ?? owners.find((link) => link !== SOMEBODY);
  if (owner !== undefined) return owner;
  if (ownMark) return { owner: 'unknown', reason: "its protocol is wf's, but no change of this run names its device" };
  return devices.length === 0 ? (byWords(known, route.dst) ?? SOMEBODY) : SOMEBODY;
}

/** Returns the owner of a policy rule. For a network of the embedded runtime, only the bridge identifies it. */
function ownerOfPolicyRule(rule: z.output<typeof ruleSchema>, known: Known): Attribution {
  const { priority, src, dst, table = '', protocol, iif, oif } = rule;
  const ownMark = protocol === String(ROUTE_PROTOCOL);
  const addresses = [...(src === 'all' ? [] : [src]), ...(dst === undefined ? [] : [dst])];
  const named = byLedger(known, ({ change, words }) =>
    change.kind === 'net.rule'
      ? ownMark && words.has(`priority ${priority}`)
      : namesRule(words, table, priority, addresses),
  );
  if (named !== undefined) return named;
  const devices = [iif, oif].filter((name) => name !== undefined);
  const owners = devices.map((dev) => ownerOfLink(dev, known)).filter((owner) => owner !== SOMEBODY);
  const owner = owners.find((link) => link.owner === 'run') ?? owners[0];
  if (owner !== undefined) return { ...owner, reason: `it names ${devices.join(' and ')}: ${owner.reason}` };
  return ownMark ? { owner: 'unknown', reason: "its protocol is wf's, but no change of this run names it" } : SOMEBODY;
}

/** Returns whether words identify a rule: by its table and an address, or by its table and priority, as passed to `ip rule add`. */
function namesRule(words: ReadonlySet<string>, table: string, priority: string, addresses: readonly string[]): boolean {
  const hasWord = (names: readonly string[], value: string) =>
    names.some((name) => words.has(isNumber(value) ? `${name} ${value}` : value));
  if (!hasWord(TABLE_WORDS, table)) return false;
  return addresses.some((address) => words.has(address)) || hasWord(PRIORITY_WORDS, priority);
}

function ownerOfSysctl(found: RawDifference, known: Known): Attribution {
  const name = found.subject.replace(/^sysctl /, '');
  const { dev } = sysctlSchema.parse(found.after ?? found.before);
  const recorded = [name, ...broaderSettings(name)]
    .map((setting) => byWords(known, setting) ?? byWords(known, procPath(setting)))
    .find((attribution) => attribution !== undefined);
  if (recorded !== undefined) return recorded;
  const settingIn = (entry: unknown) => sysctlSchema.safeParse(entry).data?.value ?? '0';
  const turnedOn = settingIn(found.before) === '0' && settingIn(found.after) === '1';
  if (turnedOn && /^net\.ipv[46]\.(ip_forward|conf\..*\.forwarding)$/.test(name) && hasStarted(known)) {
    return docker('Docker turns forwarding on at its start');
  }
  if (name.startsWith('net.bridge.') && found.difference === 'added' && hasStarted(known)) {
    return docker('Docker loads br_netfilter at its start, which brings this setting');
  }
  return dev === undefined ? SOMEBODY : ownerOfLink(dev, known);
}

/** Returns whether a Docker engine started between the two fingerprints: its own bridge appeared, or it answers only now. */
function hasStarted({ before, after }: Known): boolean {
  return (after.hasEngine && !before.hasEngine) || (after.links.has('docker0') && !before.links.has('docker0'));
}

function procPath(setting: string): string {
  return `/proc/sys/${setting
    .split('.')
    .map((part) => part.replaceAll('/', '.'))
    .join('/')}`;
}

function ownerOfDockerObject(found: RawDifference, known: Known): Attribution {
  const id = found.subject.replace(/^(network|container) /, '');
  const network = known.after.networks.get(id) ?? known.before.networks.get(id);
  const container = known.after.containers.get(id) ?? known.before.containers.get(id);
  if (network !== undefined) {
    const owner = ownerOfNetwork(network, known);
    if (owner !== undefined) return owner;
    if (DOCKER_NETWORKS.has(network.name)) return docker(`${network.name} is one of the engine's own networks`);
  } else if (container !== undefined) {
    return ownerOfContainer(container, found.difference, known);
  }
  return SOMEBODY;
}

function ownerOfContainer({ id, labels }: ViewedContainer, difference: string, known: Known): Attribution {
  // A change also names containers that it only uses, which existed before the run.
  const made = known.before.containers.has(id) ? undefined : byDockerId(id, known);
  const owner = kept(made) ?? byLabels(labels, known) ?? made;
  if (owner !== undefined || difference !== 'altered') return owner ?? SOMEBODY;
  return byLedger(known, ({ change, dockerIds }) => change.kind === 'docker.connect' && dockerIds.has(id)) ?? SOMEBODY;
}

/** Returns the owner of a volume. Without mark or record it belongs to its container: the engine creates one per volume of an image. */
function ownerOfVolume({ name, labels }: z.output<typeof volumeSchema>, known: Known): Attribution {
  const recorded = byLedger(known, ({ change, words }) => change.kind === 'docker.volume' && words.has(name));
  const marked = kept(recorded) ?? byLabels(labels, known) ?? recorded;
  if (marked !== undefined) return marked;
  const containers = [...known.after.containers.values(), ...known.before.containers.values()];
  const user = containers.find(({ volumes }) => volumes.includes(name));
  return user === undefined ? SOMEBODY : ownerOfContainer(user, 'added', known);
}

function ownerOfFirewallEntry(found: RawDifference, known: Known): Attribution {
  const names = found.subject.split(' ');
  const [table = '', chain = ''] = found.section === 'nftables' ? names.slice(-2) : names.slice(2);
  // `nft table ip docker-bridges` ends with the table itself.
  const owner = [ownerOfChain(table, chain), ownerOfChain(chain, '')].find((candidate) => candidate !== SOMEBODY);
  if (owner !== undefined) return owner;
  const policy = z.object({ policy: z.string() }).safeParse(found.after).data?.policy;
  const named = byWords(known, chain, policy ?? chain);
  if (named !== undefined) return named;
  if (table === 'filter' && chain === 'FORWARD' && policy === 'DROP') {
    return docker('Docker sets this policy when it turns forwarding on');
  }
  return SOMEBODY;
}
