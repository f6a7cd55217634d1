import { z } from 'zod';

/** Schema of NetworkInfo in the answer of a step or a private host. */
export const networkInfoSchema = z.object({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  scope: z.string(),
  internal: z.boolean(),
  subnets: z.array(z.object({ subnet: z.string(), gateway: z.string().nullable() })),
  labels: z.record(z.string(), z.string()),
  options: z.record(z.string(), z.string()),
  members: z.array(
    z.object({ containerId: z.string(), name: z.string(), mac: z.string(), ipv4: z.string().nullable() }),
  ),
});

/** Schema of ContainerInfo in the answer of a step or a private host. */
export const containerInfoSchema = z.object({
  id: z.string(),
  name: z.string(),
  image: z.string(),
  labels: z.record(z.string(), z.string()),
  running: z.boolean(),
  status: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
  exitCode: z.number().int(),
  endpoints: z.array(
    z.object({
      network: z.string(),
      networkId: z.string(),
      ipv4: z.string().nullable(),
      prefixLength: z.number().int().nullable(),
      mac: z.string().nullable(),
      gateway: z.string().nullable(),
    }),
  ),
});
