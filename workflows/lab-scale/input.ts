import { imageReferenceSchema } from 'wf-engine';
import { z } from 'zod';

/** As many networks as Docker's default pools have subnets for, less the one of its default bridge. */
const MOST_NETWORKS = 30;
/** Far below what a subnet of those pools has room for. */
const MOST_HOSTS = 250;

export const inputSchema = z.object({
  networks: z.number().int().min(1).max(MOST_NETWORKS).default(3).describe('how many networks'),
  // Alone on its network nobody would be there to show that it answers at all.
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

/** Name of a network; they are counted from 1. */
export function networkName({ prefix }: Input, network: number): string {
  return `${prefix}scale${network}`;
}

/** Name of the container that is the `index`-th (from 0) of all: those of the first network come first. */
export function containerName(input: Input, index: number): string {
  return `${networkName(input, networkOf(input, index))}-${(index % input.hosts) + 1}`;
}

/** Number of the network (from 1) that a container is in. */
export function networkOf({ hosts }: Input, index: number): number {
  return Math.floor(index / hosts) + 1;
}

export function containerCount({ networks, hosts }: Input): number {
  return networks * hosts;
}
