import type { Requirement } from '../engine/workflow/requirement.ts';
import { dockerEngine, localBridges } from './docker/requirements.ts';
import { networkAdmin, tool } from './net/requirements.ts';

/** Returns the requirements of every workflow that changes and probes networks of the local Docker engine. */
export function dockerNetworking(): readonly Requirement[] {
  return [dockerEngine(), ...tools(), localBridges(), networkAdmin()];
}

/** Returns the requirements for the engine of a host. */
export function localEngine(): readonly Requirement[] {
  return [dockerEngine(), localBridges()];
}

/** Returns the requirements for the machine, independent of the engines of its hosts. */
export function networkTools(): readonly Requirement[] {
  return [...tools(), networkAdmin()];
}

function tools(): readonly Requirement[] {
  return [
    tool('ip', 'reading and changing links, addresses and routes'),
    tool('nsenter', "entering the containers' network namespaces"),
    tool('ping', 'probing'),
  ];
}
