import { engineNeeded } from '../../docker/engine-needed.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { PublishedPort } from '../../engine/ports/docker.ts';
import type { Requirement, RequirementResult } from '../../engine/workflow/requirement.ts';
import { checkLocalBridges } from './engine/local-bridges.ts';
import { containerNameInUse, networkNameInUse, volumeNameInUse } from './engine/ownership.ts';
import { portInUse } from './engine/port-owner.ts';
import { checkSubnet } from './engine/subnet-owner.ts';
import { shortId } from './names.ts';
import { swarmInUse } from './swarm/membership.ts';

/** Requires an engine that answers. The embedded runtime has none: it lacks volumes, container options and additional networks. */
export function dockerEngine(): Requirement {
  return {
    title: 'docker engine',
    purpose: 'creating networks and containers',
    claim: null,
    check: ({ docker }) =>
      orUnmet(async () => {
        if (docker.programs !== 'image') return { met: false, error: engineNeeded('the workflow') };
        const { version, apiVersion, endpoint } = await docker.info();
        return { met: true, found: `Docker ${version}, API ${apiVersion}, at ${endpoint}` };
      }),
  };
}

/** Requires that the engine's bridges are links of the network namespace that wf runs in. */
export function localBridges(): Requirement {
  return {
    title: 'bridges of docker',
    purpose: 'inspecting bridges and attaching links to them',
    claim: null,
    check: (host) => orUnmet(() => checkLocalBridges(host)),
  };
}

/** Requires an image that is present or can be pulled. */
export function imageAvailable(reference: string): Requirement {
  return {
    title: `image ${reference}`,
    purpose: 'creating containers',
    claim: null,
    check: ({ docker }) =>
      orUnmet(async () => {
        const image = await docker.image(reference);
        return { met: true, found: image === null ? 'missing: wf will pull it' : shortId(image.id) };
      }),
  };
}

/** Requires that no container has the name. */
export function containerNameFree(name: string): Requirement {
  return {
    title: `container name ${name}`,
    purpose: 'creating a container',
    claim: `container ${name}`,
    check: ({ docker }) =>
      orUnmet(async () => {
        const container = await docker.container(name);
        if (container === null) return { met: true, found: 'free' };
        return { met: false, error: containerNameInUse(container) };
      }),
  };
}

/** Requires that no volume has the name. */
export function volumeNameFree(name: string): Requirement {
  return {
    title: `volume name ${name}`,
    purpose: 'creating a volume',
    claim: `volume ${name}`,
    check: ({ docker }) =>
      orUnmet(async () => {
        if (docker.programs !== 'image') return { met: false, error: engineNeeded(`volume ${name}`) };
        const volume = await docker.volume(name);
        if (volume === null) return { met: true, found: 'free' };
        return { met: false, error: volumeNameInUse(volume) };
      }),
  };
}

/** Requires that no container publishes the port and, if the engine is on this machine, that no program listens on it. */
export function hostPortFree(
  hostPort: number,
  { hostAddress = '127.0.0.1', protocol = 'tcp' }: Partial<Pick<PublishedPort, 'hostAddress' | 'protocol'>> = {},
): Requirement {
  return {
    title: `port ${hostPort}/${protocol}`,
    purpose: 'publishing a port of a container',
    claim: `port ${hostPort}/${protocol}`,
    check: (host) =>
      orUnmet(async () => {
        const error = await portInUse({ hostPort, hostAddress, protocol }, host);
        return error === undefined ? { met: true, found: 'free' } : { met: false, error };
      }),
  };
}

/** Requires that no network has the name. */
export function networkNameFree(name: string): Requirement {
  return {
    title: `network name ${name}`,
    purpose: 'creating a network',
    claim: `network ${name}`,
    check: ({ docker }) =>
      orUnmet(async () => {
        // The name is looked up in the list: if two networks have it, inspecting it by name is an error of the engine.
        const [network] = await docker.networks(name);
        if (network === undefined) return { met: true, found: 'free' };
        return { met: false, error: networkNameInUse(network) };
      }),
  };
}

/** Requires that no Docker network and no route of the host overlaps the subnet, such as `172.20.0.0/16`. */
export function subnetFree(cidr: string): Requirement {
  return {
    title: `subnet ${cidr}`,
    purpose: 'creating a network',
    claim: `subnet ${cidr}`,
    check: (host) => orUnmet(() => checkSubnet(cidr, host)),
  };
}

/** Requires that the engine is in no swarm. */
export function swarmFree(): Requirement {
  return {
    title: 'no swarm',
    purpose: 'forming a swarm',
    claim: 'swarm',
    check: ({ docker }) =>
      orUnmet(async () => {
        if (docker.programs !== 'image') return { met: false, error: engineNeeded('a swarm') };
        const state = await docker.swarm.state();
        return state.state === 'inactive' ? { met: true, found: 'none' } : { met: false, error: swarmInUse(state) };
      }),
  };
}

async function orUnmet(read: () => Promise<RequirementResult>): Promise<RequirementResult> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof WfError) return { met: false, error: thrown };
    throw thrown;
  }
}
