import { z } from 'zod';
import { networkInfoSchema } from '../../../docker/answers/info-schemas.ts';
import { WfError } from '../../../engine/model/errors.ts';
import type { NetworkInfo } from '../../../engine/ports/docker.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { asCommand, inspection } from '../client-output.ts';
import { ENGINE_RETRY } from '../engine/policy.ts';
import { shortId } from '../names.ts';

export const inspectNetwork = defineStep({
  kind: 'docker.inspect-network',
  description: 'Reads the driver, subnet, gateway and containers of a network.',
  input: z.object({ id: z.string().min(1).describe('network id') }),
  output: networkInfoSchema,
  retry: ENGINE_RETRY,
  commands: ({ id }) => [['docker', 'network', 'inspect', shortId(id)]],
  rehearse: ({ id }) => ({
    id,
    name: 'network',
    driver: 'bridge',
    scope: 'local',
    internal: false,
    subnets: [{ subnet: '172.18.0.0/16', gateway: '172.18.0.1' }],
    labels: {},
    options: {},
    members: [],
  }),
  async read({ id }, context) {
    const network = await asCommand(
      context,
      ['docker', 'network', 'inspect', shortId(id)],
      async () => {
        const found = await context.host.docker.network(id);
        if (found !== null) return found;
        throw new WfError('E_DOCKER', `network ${id} does not exist`, {
          hint: 'List the networks with `docker network ls`.',
        });
      },
      printed,
    );
    return networkInfoSchema.parse(network);
  },
});

function printed(network: NetworkInfo): string {
  return inspection({
    Name: network.name,
    Id: network.id,
    Scope: network.scope,
    Driver: network.driver,
    IPAM: {
      Config: network.subnets.map(({ subnet, gateway }) => ({
        Subnet: subnet,
        ...(gateway === null ? {} : { Gateway: gateway }),
      })),
    },
    Internal: network.internal,
    Containers: Object.fromEntries(
      network.members.map(({ containerId, name, mac, ipv4 }) => [
        containerId,
        { Name: name, MacAddress: mac, IPv4Address: ipv4 ?? '' },
      ]),
    ),
    Options: network.options,
    Labels: network.labels,
  });
}
