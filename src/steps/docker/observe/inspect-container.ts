import { z } from 'zod';
import { containerInfoSchema } from '../../../docker/answers/info-schemas.ts';
import { WfError } from '../../../engine/model/errors.ts';
import type { ContainerInfo } from '../../../engine/ports/docker.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { asCommand, inspection } from '../client-output.ts';
import { ENGINE_RETRY } from '../engine/policy.ts';
import { shortId } from '../names.ts';

export const inspectContainer = defineStep({
  kind: 'docker.inspect-container',
  description: 'Reads the state, process and addresses of a container.',
  input: z.object({ id: z.string().min(1).describe('container id') }),
  output: containerInfoSchema,
  retry: ENGINE_RETRY,
  commands: ({ id }) => [['docker', 'inspect', shortId(id)]],
  rehearse: ({ id }) => ({
    id,
    name: 'container',
    image: 'image',
    labels: {},
    running: true,
    status: 'running',
    pid: 4711,
    startedAt: '2024-01-01T00:00:00.000000000Z',
    exitCode: 0,
    endpoints: [],
  }),
  async read({ id }, context) {
    const container = await asCommand(
      context,
      ['docker', 'inspect', shortId(id)],
      async () => {
        const found = await context.host.docker.container(id);
        if (found !== null) return found;
        throw new WfError('E_DOCKER', `container ${id} does not exist`, {
          hint: 'List the containers with `docker ps --all`.',
        });
      },
      printed,
    );
    return containerInfoSchema.parse(container);
  },
});

function printed(container: ContainerInfo): string {
  return inspection({
    Id: container.id,
    State: {
      Status: container.status,
      Running: container.running,
      Pid: container.pid,
      ExitCode: container.exitCode,
      StartedAt: container.startedAt,
    },
    Name: `/${container.name}`,
    Config: { Image: container.image, Labels: container.labels },
    NetworkSettings: {
      Networks: Object.fromEntries(
        container.endpoints.map(({ network, networkId, ipv4, prefixLength, mac, gateway }) => [
          network,
          {
            NetworkID: networkId,
            Gateway: gateway ?? '',
            IPAddress: ipv4 ?? '',
            IPPrefixLen: prefixLength ?? 0,
            MacAddress: mac ?? '',
          },
        ]),
      ),
    },
  });
}
