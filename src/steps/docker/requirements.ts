import { WfError } from '../../engine/model/errors.ts';
import type { Requirement, RequirementResult } from '../../engine/workflow/requirement.ts';
import { lookForLocalBridges } from './engine/local-bridges.ts';
import { containerNameInUse, networkNameInUse } from './engine/ownership.ts';
import { lookForSubnet } from './engine/subnet-owner.ts';
import { shortId } from './names.ts';

/** An engine answers. */
export function dockerEngine(): Requirement {
  return {
    title: 'docker engine',
    purpose: 'provides the networks and containers',
    claim: null,
    look: ({ docker }) =>
      orUnmet(async () => {
        const { version, apiVersion, endpoint } = await docker.info();
        return { met: true, found: `Docker ${version}, API ${apiVersion}, at ${endpoint}` };
      }),
  };
}

/** The engine's bridges are links of the network namespace that wf runs in. */
export function localBridges(): Requirement {
  return {
    title: 'bridges of docker',
    purpose: 'the bridges are looked at, and links are attached to them, from here',
    claim: null,
    look: (host) => orUnmet(() => lookForLocalBridges(host)),
  };
}

/** The image is there, or will be pulled. */
export function imageAvailable(reference: string): Requirement {
  return {
    title: `image ${reference}`,
    purpose: 'containers are made from it',
    claim: null,
    look: ({ docker }) =>
      orUnmet(async () => {
        const image = await docker.image(reference);
        return { met: true, found: image === null ? 'not here: it will be pulled' : shortId(image.id) };
      }),
  };
}

/** No container has the name. */
export function containerNameFree(name: string): Requirement {
  return {
    title: `container name ${name}`,
    purpose: 'a container of this name will be made',
    claim: `container ${name}`,
    look: ({ docker }) =>
      orUnmet(async () => {
        const container = await docker.container(name);
        if (container === null) return { met: true, found: 'free' };
        return { met: false, error: containerNameInUse(container) };
      }),
  };
}

/** No network has the name. */
export function networkNameFree(name: string): Requirement {
  return {
    title: `network name ${name}`,
    purpose: 'a network of this name will be made',
    claim: `network ${name}`,
    look: ({ docker }) =>
      orUnmet(async () => {
        // The list, not the name: where two networks have it, asking for it is an error of the engine.
        const network = (await docker.networks()).find((candidate) => candidate.name === name);
        if (network === undefined) return { met: true, found: 'free' };
        return { met: false, error: networkNameInUse(network) };
      }),
  };
}

/** No Docker network and no route of the host overlaps the subnet, e.g. `172.20.0.0/16`. */
export function subnetFree(cidr: string): Requirement {
  return {
    title: `subnet ${cidr}`,
    purpose: 'a network of this subnet will be made',
    claim: `subnet ${cidr}`,
    look: (host) => orUnmet(() => lookForSubnet(cidr, host)),
  };
}

async function orUnmet(look: () => Promise<RequirementResult>): Promise<RequirementResult> {
  try {
    return await look();
  } catch (thrown) {
    if (thrown instanceof WfError) return { met: false, error: thrown };
    throw thrown;
  }
}
