import { imageReferenceSchema } from 'wf-engine/steps';
import { z } from 'zod';

/** Docker's default pools have one subnet more, for the default bridge. */
const MOST_NETWORKS = 30;
/** Far fewer than a subnet of those pools has addresses. */
const MOST_HOSTS = 250;

export const inputSchema = z.object({
  networks: z.number().int().min(1).max(MOST_NETWORKS).default(3).describe('how many networks'),
  // A control needs a neighbour: alone on its network, a container answers nobody.
  hosts: z.number().int().min(2).max(MOST_HOSTS).default(3).describe('how many containers on each of them'),
  image: imageReferenceSchema.default('hashicorp/http-echo').describe('image of the containers; takes -text'),
  prefix: z
    .string()
    .regex(/^(?:[A-Za-z0-9][A-Za-z0-9_.-]*)?$/, 'letters, digits, "_", "." and "-"')
    .max(40)
    .default('')
    .describe('put before every name on the host'),
});
export type Input = z.output<typeof inputSchema>;

/** Returns the name of a network by its number, from 1. */
export function networkName({ prefix }: Input, network: number): string {
  return `${prefix}scale${network}`;
}

/** Returns the name of a container by its index, from 0; those of the first network come first. */
export function containerName(input: Input, index: number): string {
  return `${networkName(input, networkOf(input, index))}-${(index % input.hosts) + 1}`;
}

/** Returns the number of a container's network, from 1. */
export function networkOf({ hosts }: Input, index: number): number {
  return Math.floor(index / hosts) + 1;
}

export function containerCount({ networks, hosts }: Input): number {
  return networks * hosts;
}
