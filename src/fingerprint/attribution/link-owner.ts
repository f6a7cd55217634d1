import { bridgeOf } from '../../docker/bridge-name.ts';
import { runOfLinkAlias } from '../../engine/model/mark.ts';
import type { ViewedLink, ViewedNetwork } from '../sections/host-view.ts';
import { type Attribution, byLabels, byLedger, byMark, byWords, docker, type Known, SOMEBODY } from './attribution.ts';

/** Made by the engine for itself, before any network is. */
const DOCKER_LINKS = new Set(['docker0', 'docker_gwbridge']);

/** Whose a link is, and with it its addresses, routes and settings, when nothing more particular is known of them. */
export function ownerOfLink(name: string, known: Known): Attribution {
  const link = viewedLink(name, known);
  const run = runOfLinkAlias(link?.alias);
  if (run !== undefined) return byMark(run, known);
  const bridge = ownerOfBridge(name, known);
  if (bridge !== undefined) return bridge;
  // Of a link that was there before the run, a change names what it did to it; the rest of it is not the run's.
  const made = known.before.links.has(name) ? undefined : byLinkName(name, link, known);
  return made ?? ownerOfPort(link, known) ?? SOMEBODY;
}

/** Whose a difference in a link is: a run that altered somebody's link is named by its ledger. */
export function ownerOfLinkDifference(name: string, difference: string, known: Known): Attribution {
  const owner = ownerOfLink(name, known);
  if (owner.owner === 'run' || difference !== 'altered') return owner;
  return byLinkName(name, viewedLink(name, known), known) ?? owner;
}

/** Whose a Docker network is; undefined where nothing is known of it but that it is there. */
export function ownerOfNetwork(network: ViewedNetwork, known: Known): Attribution | undefined {
  const recorded = known.before.networks.has(network.id) ? undefined : byDockerId(network.id, known);
  return kept(recorded) ?? byLabels(network.labels, known) ?? recorded;
}

/** What the ledger says of a Docker object that it names by its full id. */
export function byDockerId(id: string, known: Known): Attribution | undefined {
  return byLedger(known, (change) => change.dockerIds.has(id));
}

/** That something is meant to stay outweighs the mark it carries. */
export function kept(recorded: Attribution | undefined): Attribution | undefined {
  return recorded?.owner === 'other' ? recorded : undefined;
}

function viewedLink(name: string, known: Known): ViewedLink | undefined {
  return known.after.links.get(name) ?? known.before.links.get(name);
}

function byLinkName(name: string, link: ViewedLink | undefined, known: Known): Attribution | undefined {
  if (link !== undefined && isAnotherOfThatName(name, link, known)) return undefined;
  // Between its making and its marking, or under a temporary name, a link is known by its address.
  return byWords(known, name) ?? (link?.mac === undefined ? undefined : byWords(known, link.mac));
}

/** Whether the ledger knows the link of this name by a MAC address that this one, which carries no mark, does not have. */
function isAnotherOfThatName(name: string, { mac }: ViewedLink, { changes }: Known): boolean {
  const recorded = changes.flatMap(({ links }) => links.filter((link) => link.name === name));
  return recorded.length > 0 && !recorded.some((link) => link.mac === mac);
}

/** Whose a bridge of a Docker network is; undefined for every other link. */
function ownerOfBridge(name: string, known: Known): Attribution | undefined {
  if (DOCKER_LINKS.has(name)) return docker(`${name} is the engine's own bridge`);
  const network = [...known.after.networks.values(), ...known.before.networks.values()].find(
    (candidate) => candidate.bridge === name,
  );
  if (network !== undefined) {
    return ownerOfNetwork(network, known) ?? docker(`${name} is the bridge of network ${network.name}`);
  }
  // The network is gone, its bridge is not (libnetwork #738).
  if (known.before.links.has(name)) return undefined;
  return byLedger(known, (change) => [...change.dockerIds].some((id) => bridgeOf(id) === name));
}

/** One end of a veth pair whose other end is in a container belongs to the network that its bridge is of. */
function ownerOfPort(link: ViewedLink | undefined, known: Known): Attribution | undefined {
  if (link?.kind !== 'veth' || link.master === null) return undefined;
  const bridge = ownerOfBridge(link.master, known);
  return bridge === undefined ? undefined : { ...bridge, reason: `it is a port of ${link.master}: ${bridge.reason}` };
}
