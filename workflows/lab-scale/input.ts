import { imageReferenceSchema } from 'wf-engine/steps';
import { z } from 'zod';

/** Docker's default pools have one more subnet, for the default bridge. */
const MAX_NETWORKS = 30;
/** Far below the number of addresses in a subnet of these pools. */
const MAX_HOSTS = 250;

export const inputSchema = z.object({
  networks: z.number().int().min(1).max(MAX_NETWORKS).default(3).describe('number of networks'),
  // A control needs a neighbour on the same network.
  hosts: z.number().int().min(2).max(MAX_HOSTS).default(3).describe('number of containers on each network'),
  image: imageReferenceSchema.default('hashicorp/http-echo').describe('image of the containers; takes -text'),
  prefix: z
    .string()
    .regex(/^(?:[A-Za-z0-9][A-Za-z0-9_.-]*)?$/, 'letters, digits, "_", "." and "-"')
    .max(40)
    .default('')
    .describe('prefix of every name on the host'),
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
