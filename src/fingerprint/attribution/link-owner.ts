import { bridgeOf } from '../../docker/bridge-name.ts';
import { runOfLinkAlias } from '../../engine/model/identity/mark.ts';
import type { ViewedLink, ViewedNetwork } from '../sections/host-view.ts';
import { type Attribution, byLabels, byLedger, byMark, byWords, docker, type Known, SOMEBODY } from './attribution.ts';

/** Links that the engine creates for itself before any network. */
const DOCKER_LINKS = new Set(['docker0', 'docker_gwbridge']);

/** Returns the owner of a link and, unless known more precisely, of its addresses, routes and settings. */
export function ownerOfLink(name: string, known: Known): Attribution {
  const link = viewedLink(name, known);
  const run = runOfLinkAlias(link?.alias);
  const bridge = ownerOfBridge(name, known);
  if (run !== undefined) {
    // On the embedded runtime the links of networks and containers carry the mark, too.
    return kept(byLinkName(name, link, known)) ?? kept(bridge ?? ownerOfPort(link, known)) ?? byMark(run, known);
  }
  if (bridge !== undefined) return bridge;
  // If the link existed before the run, a change accounts only for its own effect: the rest is not the run's.
  const made = known.before.links.has(name) ? undefined : byLinkName(name, link, known);
  return made ?? ownerOfPort(link, known) ?? SOMEBODY;
}

/** Returns the owner of a difference in a link: the ledger names the run that altered another owner's link. */
export function ownerOfLinkDifference(name: string, difference: string, known: Known): Attribution {
  const owner = ownerOfLink(name, known);
  if (owner.owner === 'run' || difference !== 'altered') return owner;
  return byLinkName(name, viewedLink(name, known), known) ?? owner;
}

/** Returns the owner of a Docker network; undefined if only its existence is known. */
export function ownerOfNetwork(network: ViewedNetwork, known: Known): Attribution | undefined {
  const recorded = known.before.networks.has(network.id) ? undefined : byDockerId(network.id, known);
  return kept(recorded) ?? byLabels(network.labels, known) ?? recorded;
}

/** Step runners that change any containers and networks, and create none. */
const ONLY_USES: ReadonlySet<string> = new Set(['docker.connect', 'docker.exec']);

/** Attributes a Docker object by the full id in the ledger. */
export function byDockerId(id: string, known: Known): Attribution | undefined {
  return byLedger(known, ({ change, dockerIds }) => dockerIds.has(id) && !ONLY_USES.has(change.kind));
}

/** Keeping by design outweighs the mark. */
export function kept(recorded: Attribution | undefined): Attribution | undefined {
  return recorded?.owner === 'other' ? recorded : undefined;
}

function viewedLink(name: string, known: Known): ViewedLink | undefined {
  return known.after.links.get(name) ?? known.before.links.get(name);
}

function byLinkName(name: string, link: ViewedLink | undefined, known: Known): Attribution | undefined {
  if (link !== undefined && isAnotherOfThatName(name, link, known)) return undefined;
  // A link is known by its MAC address between creation and marking, and under a temporary name.
  return byWords(known, name) ?? (link?.mac === undefined ? undefined : byWords(known, link.mac));
}

/** Returns whether the ledger records another MAC address for the link of this name, and this one carries no mark. */
function isAnotherOfThatName(name: string, { mac }: ViewedLink, { changes }: Known): boolean {
  const recorded = changes.flatMap(({ links }) => links.filter((link) => link.name === name));
  return recorded.length > 0 && !recorded.some((link) => link.mac === mac);
}

/** Returns the owner of the bridge of a Docker network; undefined for every other link. */
function ownerOfBridge(name: string, known: Known): Attribution | undefined {
  const network = [...known.after.networks.values(), ...known.before.networks.values()].find(
    (candidate) => candidate.bridge === name,
  );
  const owner = network === undefined ? undefined : ownerOfNetwork(network, known);
  if (owner !== undefined) return owner;
  if (DOCKER_LINKS.has(name)) return docker(`${name} is the engine's own bridge`);
  if (network !== undefined) return docker(`${name} is the bridge of network ${network.name}`);
  // The network is gone and its bridge remains (libnetwork #738).
  if (known.before.links.has(name)) return undefined;
  return byLedger(known, (change) => [...change.dockerIds].some((id) => bridgeOf(id) === name));
}

/** Attributes the host end of a container's veth pair to the network of its bridge. */
function ownerOfPort(link: ViewedLink | undefined, known: Known): Attribution | undefined {
  if (link?.kind !== 'veth' || link.master === null) return undefined;
  const bridge = ownerOfBridge(link.master, known);
  return bridge === undefined ? undefined : { ...bridge, reason: `it is a port of ${link.master}: ${bridge.reason}` };
}
