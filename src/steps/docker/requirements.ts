import { WfError } from '../../engine/model/errors.ts';
import type { Requirement, RequirementResult } from '../../engine/workflow/requirement.ts';
import { checkLocalBridges } from './engine/local-bridges.ts';
import { containerNameInUse, networkNameInUse } from './engine/ownership.ts';
import { checkSubnet } from './engine/subnet-owner.ts';
import { shortId } from './names.ts';

/** Requires an engine that answers. */
export function dockerEngine(): Requirement {
  return {
    title: 'docker engine',
    purpose: 'creating networks and containers',
    claim: null,
    check: ({ docker }) =>
      orUnmet(async () => {
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

/** Requires that no network has the name. */
export function networkNameFree(name: string): Requirement {
  return {
    title: `network name ${name}`,
    purpose: 'creating a network',
    claim: `network ${name}`,
    check: ({ docker }) =>
      orUnmet(async () => {
        // The name is looked up in the list: if two networks have it, inspecting it by name is an error of the engine.
        const network = (await docker.networks()).find((candidate) => candidate.name === name);
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

async function orUnmet(read: () => Promise<RequirementResult>): Promise<RequirementResult> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof WfError) return { met: false, error: thrown };
    throw thrown;
  }
}
