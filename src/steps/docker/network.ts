import { z } from 'zod';
import { defineStep } from '../../engine/define-step.ts';
import { WfError } from '../../engine/errors.ts';
import { labelsOf, RUN_LABEL } from '../../engine/mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { NetworkInfo } from '../../engine/ports/docker.ts';
import type { HostContext } from '../../engine/step.ts';
import { bridgeNameOf, bridgeOf } from '../../host/docker/bridge-name.ts';
import { firstHostOf } from '../../host/docker/subnet.ts';
import { findLink } from '../../host/ip/link.ts';
import { asCommand } from './client-output.ts';
import { objectNameSchema, shortId, subnetSchema } from './names.ts';
import { networkGone, removeOwnNetwork } from './network-removal.ts';
import { isOurs, networkNameInUse } from './ownership.ts';
import { ENGINE_RETRY } from './policy.ts';
import { pretendedId, pretendedSubnet } from './pretended.ts';
import { orUnknown } from './unknown.ts';

const inputSchema = z.object({
  name: objectNameSchema,
  /** Null leaves the choice to Docker. */
  subnet: subnetSchema.nullable().default(null),
});
const outputSchema = z.object({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  bridge: z.string(),
});
/** Without an id while it is not known whether the engine has made it: then it is known by name and mark. */
const recordSchema = z.object({ name: z.string(), id: z.string().nullable() });

type Input = z.output<typeof inputSchema>;
type Record = z.output<typeof recordSchema>;

/** Makes a bridge network with this run's mark. */
export const dockerNetwork = defineStep({
  kind: 'docker.network',
  description: 'A bridge network of this run.',
  input: inputSchema,
  output: outputSchema,
  record: recordSchema,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  commands: (input) => [createCommand(input, 'RUN')],
  rehearse({ name, subnet }) {
    const id = pretendedId(name);
    const chosen = subnet ?? pretendedSubnet(name);
    return { id, name, driver: 'bridge', subnet: chosen, gateway: firstHostOf(chosen), bridge: bridgeOf(id) };
  },

  observe: (input, context, earlier) =>
    orUnknown(async () => {
      const { name } = input;
      const target = `network ${name}`;
      const named = (await context.host.docker.networks()).filter((network) => network.name === name);
      const ours = named.filter((network) => isOurs(network, context.run));
      // Several may have one name: two engines' clients that create at the same moment both succeed (moby #29268).
      const network = ours.find(({ id }) => id === earlier?.id) ?? ours[0];
      if (network !== undefined) {
        const mismatch = otherThanAsked(network, input);
        if (mismatch !== undefined) return { found: 'foreign', error: mismatch };
        return { found: 'ours', target, record: { name, id: network.id }, output: outputOf(network) };
      }
      const [stranger] = named;
      if (stranger !== undefined) return { found: 'foreign', error: networkNameInUse(stranger) };
      return { found: 'absent', target, record: { name, id: null } };
    }),

  async apply(input, { name }, _found, context) {
    const { id } = await asCommand(
      context,
      createCommand(input, context.run),
      () => context.host.docker.createNetwork({ name, subnet: input.subnet, labels: labelsOf(context.run) }),
      (created) => created.id,
    );
    return { name, id };
  },

  look: (record, context) =>
    orUnknown(async () => {
      if ((await ownNetworks(record, context)).length > 0) return { found: 'standing' };
      const { name, id } = record;
      if (id === null) return { found: 'gone', reason: `no network ${name} of this run is there` };
      if ((await findLink(context.host.command, bridgeOf(id))) !== null) return { found: 'standing' };
      return { found: 'gone', reason: `network ${name} (${shortId(id)}) and its bridge are gone` };
    }),

  async undo(record, context) {
    const networks = await ownNetworks(record, context);
    for (const network of networks) {
      await removeOwnNetwork(network, context);
      await networkGone(network.id, network.name, bridgeNameOf(network), context);
    }
    const { id, name } = record;
    if (networks.length === 0 && id !== null) await networkGone(id, name, bridgeOf(id), context);
  },

  undoCommands: ({ name, id }) => [['docker', 'network', 'rm', id === null ? name : shortId(id)]],
  rehearseUndo: ({ name }) => [['docker', 'network', 'rm', name]],
});

function createCommand({ name, subnet }: Input, run: string): Argv {
  const range = subnet === null ? [] : ['--subnet', subnet];
  return ['docker', 'network', 'create', '--label', `${RUN_LABEL}=${run}`, ...range, name];
}

/** The network that the record names; without an id, those of this name that carry the run's mark. */
async function ownNetworks({ name, id }: Record, context: HostContext): Promise<readonly NetworkInfo[]> {
  const { docker } = context.host;
  if (id === null) {
    return (await docker.networks()).filter((network) => network.name === name && isOurs(network, context.run));
  }
  const network = await docker.network(id);
  return network === null ? [] : [network];
}

function otherThanAsked(network: NetworkInfo, { name, subnet }: Input): WfError | undefined {
  const found = network.subnets[0]?.subnet;
  if (subnet === null || subnet === found) return undefined;
  return new WfError(
    'E_NAME_IN_USE',
    `this run already has a network ${name}, with subnet ${found} and not ${subnet}`,
    {
      hint: 'Give the two networks of the workflow different names.',
      details: { id: network.id },
    },
  );
}

function outputOf(network: NetworkInfo): z.output<typeof outputSchema> {
  const { id, name, driver } = network;
  const range = network.subnets[0];
  if (range === undefined || range.gateway === null) {
    throw new WfError('E_DOCKER', `network ${name} (${shortId(id)}) has no subnet with a gateway`, {
      hint: `Look at it with \`docker network inspect ${shortId(id)}\`; wf needs a network of driver bridge.`,
    });
  }
  return { id, name, driver, subnet: range.subnet, gateway: range.gateway, bridge: bridgeNameOf(network) };
}
