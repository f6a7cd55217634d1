import { z } from 'zod';

/** Schema of NetworkInfo in the response of a step or a private host. */
export const networkInfoSchema = z.object({
  id: z.string().describe('network id'),
  name: z.string().describe('network name'),
  driver: z.string().describe('network driver, such as `bridge`'),
  scope: z.string().describe('`local`, `swarm` or `global`'),
  internal: z.boolean().describe('whether the engine gives it no way out'),
  subnets: z
    .array(z.object({ subnet: z.string(), gateway: z.string().nullable() }))
    .describe('subnets, each with its gateway'),
  labels: z.record(z.string(), z.string()).describe('labels'),
  options: z.record(z.string(), z.string()).describe('options of the driver'),
  members: z
    .array(z.object({ containerId: z.string(), name: z.string(), mac: z.string(), ipv4: z.string().nullable() }))
    .describe('running containers in the network'),
});

/** Schema of ContainerInfo in the response of a step or a private host. */
export const containerInfoSchema = z.object({
  id: z.string().describe('container id'),
  name: z.string().describe('container name'),
  image: z.string().describe('image reference that the container was created from'),
  labels: z.record(z.string(), z.string()).describe('labels'),
  running: z.boolean().describe('whether its first process runs'),
  status: z.string().describe('state in the words of the engine, such as `running` or `exited`'),
  pid: z.number().int().describe('pid of the first process; 0 if none runs'),
  startedAt: z.string().describe('start time, as the engine reports it'),
  exitCode: z.number().int().describe('exit code of the last first process'),
  endpoints: z
    .array(
      z.object({
        network: z.string(),
        networkId: z.string(),
        ipv4: z.string().nullable(),
        prefixLength: z.number().int().nullable(),
        mac: z.string().nullable(),
        gateway: z.string().nullable(),
      }),
    )
    .describe('networks of the container, each with its address; null while it does not run'),
});
