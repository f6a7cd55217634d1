import type { Requirement } from '../engine/workflow/requirement.ts';
import { dockerEngine, localBridges } from './docker/requirements.ts';
import { networkAdmin, tool } from './net/requirements.ts';

/** What a machine must offer to alter and probe the networks of its own Docker engine: the general part of every preflight. */
export function dockerNetworking(): readonly Requirement[] {
  return [
    dockerEngine(),
    tool('ip', 'reads and alters links, addresses and routes'),
    tool('nsenter', "enters the containers' network namespaces"),
    tool('ping', 'probes'),
    localBridges(),
    networkAdmin(),
  ];
}
