import { z } from 'zod';
import { bridgeNameOf, bridgeOf } from '../../docker/bridge-name.ts';
import { isObjectId } from '../../docker/object-id.ts';
import { WfError } from '../../engine/model/errors.ts';
import { labelsOf, RUN_LABEL } from '../../engine/model/identity/mark.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { NetworkInfo } from '../../engine/ports/docker.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext, StepContext } from '../../engine/workflow/step.ts';
import { findLink } from '../../host/ip/link.ts';
import { firstHostOf } from '../../host/ip/subnet.ts';
import { subnetSchema } from '../addresses.ts';
import { asCommand } from './client-output.ts';
import { dryRunId, dryRunSubnet, dryRunSwarmId } from './dry-run-values.ts';
import { createOrAdopt } from './engine/create-or-adopt.ts';
import { isOurs, networkNameInUse } from './engine/ownership.ts';
import { ENGINE_RETRY, LATE_EFFECT_MS } from './engine/policy.ts';
import { engineIdSchema, requireMadeOnEngine, requireSameEngine } from './engine/same-engine.ts';
import { orUnknown } from './engine/unknown.ts';
import { networkNameSchema, shortId } from './names.ts';
import { networkGone, removeOwnNetwork } from './network-removal.ts';
import { lookUntil } from './swarm/look-until.ts';
import { FIRST_VNI, OVERLAY_BRIDGE, vniOf } from './swarm/vni.ts';

/** A manager takes tenths of a second, and seconds on a busy machine. */
const ALLOCATED_WITHIN_MS = 10_000;

const inputSchema = z
  .object({
    name: networkNameSchema.describe('network name'),
    subnet: subnetSchema
      .nullable()
      .default(null)
      .describe('IPv4 subnet such as `172.20.0.0/16`; null lets Docker choose'),
    driver: z
      .enum(['bridge', 'overlay'])
      .default('bridge')
      .describe('network driver; `overlay` spans the nodes of a swarm, of which the engine must be a manager'),
    attachable: z.boolean().default(false).describe('whether single containers may use an overlay network'),
    encrypted: z.boolean().default(false).describe('whether an overlay network encrypts what it sends to other nodes'),
  })
  .refine(({ driver, attachable, encrypted }) => driver === 'overlay' || !(attachable || encrypted), {
    error: 'only an overlay network is attachable or encrypted',
  });
const outputSchema = z.object({
  id: z.string().describe('network id'),
  name: z.string().describe('network name'),
  driver: z.string().describe('network driver: `bridge` or `overlay`'),
  subnet: z.string().describe('IPv4 subnet'),
  gateway: z.string().describe('IPv4 address of the gateway'),
  bridge: z.string().describe('name of the bridge: on the host, or in the namespace of an overlay network'),
  vni: z
    .number()
    .int()
    .nullable()
    .describe('VXLAN network identifier of an overlay network; null for a bridge network'),
});
/** Record of a network. The id is null until the engine has created the network, which name and mark identify until then. */
export const networkRecordSchema = z.object({ name: z.string(), id: z.string().nullable(), engine: engineIdSchema });

type Input = z.output<typeof inputSchema>;
type Record = z.output<typeof networkRecordSchema>;

/** Creates a network with this run's mark. */
export const dockerNetwork = defineStep({
  kind: 'docker.network',
  description: 'Creates a bridge network, or an overlay network of a swarm.',
  input: inputSchema,
  output: outputSchema,
  record: networkRecordSchema,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  alters: ['docker', 'network', 'firewall'],
  lateEffectMs: LATE_EFFECT_MS,
  commands: (input) => [createCommand(input, 'RUN')],
  rehearse({ name, subnet, driver }) {
    const isOverlay = driver === 'overlay';
    const id = isOverlay ? dryRunSwarmId(name) : dryRunId(name);
    const chosen = subnet ?? dryRunSubnet(name);
    const bridge = isOverlay ? OVERLAY_BRIDGE : bridgeOf(id);
    return {
      id,
      name,
      driver,
      subnet: chosen,
      gateway: firstHostOf(chosen),
      bridge,
      vni: isOverlay ? FIRST_VNI : null,
    };
  },

  observe: (input, context, earlier) =>
    orUnknown(async () => {
      const { name } = input;
      if (earlier !== undefined) await requireSameEngine(earlier.engine, context);
      const engine = await context.host.docker.engineId();
      const target = `network ${name}`;
      const named = await allocatedNetworks(name, context);
      const ours = named.filter((network) => isOurs(network, context.run));
      const network = pickNetwork(ours, earlier?.id ?? null);
      if (network !== undefined) {
        const mismatch = mismatchWithInput(network, input);
        if (mismatch !== undefined) return { found: 'foreign', error: mismatch };
        const record = { name, id: network.id, engine };
        if (ours.length > 1) return { found: 'partial', target, record };
        return { found: 'ours', target, record, output: outputOf(network) };
      }
      const [stranger] = named;
      if (stranger !== undefined) return { found: 'foreign', error: networkNameInUse(stranger) };
      return { found: 'absent', target, record: { name, id: null, engine } };
    }),

  async apply(input, record, found, context) {
    if (found === 'partial') {
      await removeSurplus(record, context);
      return record;
    }
    const { name } = input;
    const { id } = await asCommand(
      context,
      createCommand(input, context.run),
      () =>
        createOrAdopt(
          () => create(input, context),
          () => findOwn(name, context),
          context,
        ),
      (created) => created.id,
      (created) => created.id,
    );
    return { ...record, id };
  },

  requireMadeHere: requireMadeOnEngine,

  inspect: (record, context) =>
    orUnknown(async () => {
      await requireSameEngine(record.engine, context);
      if ((await ownNetworks(record, context)).length > 0) return { found: 'in place' };
      const { name, id } = record;
      if (id === null) return { found: 'gone', reason: `this run has no network ${name}` };
      if (isObjectId(id) && (await findLink(context.host.command, bridgeOf(id))) !== null) return { found: 'in place' };
      return { found: 'gone', reason: `network ${name} (${shortId(id)}) and its bridge are gone` };
    }),

  async undo(record, context) {
    const networks = await ownNetworks(record, context);
    await removeAll(networks, context, ({ name, id }) => (networks.length === 1 ? name : shortId(id)));
    const { id, name } = record;
    if (networks.length === 0 && id !== null) await networkGone(id, name, bridgeOf(id), context);
  },

  undoCommands: ({ name, id }) => [['docker', 'network', 'rm', id === null ? name : shortId(id)]],
  rehearseUndo: ({ name }) => [['docker', 'network', 'rm', name]],
});

function createCommand({ name, subnet, driver, attachable, encrypted }: Input, run: string): Argv {
  const range = subnet === null ? [] : ['--subnet', subnet];
  const overlay = [
    ...(driver === 'bridge' ? [] : ['--driver', driver]),
    ...(attachable ? ['--attachable'] : []),
    ...(encrypted ? ['--opt', 'encrypted'] : []),
  ];
  return ['docker', 'network', 'create', ...overlay, '--label', `${RUN_LABEL}=${run}`, ...range, name];
}

function create(input: Input, { host, run }: StepContext): Promise<{ readonly id: string }> {
  const { name, subnet, driver, attachable, encrypted } = input;
  const options = encrypted ? { encrypted: '' } : {};
  return host.docker.createNetwork({ name, subnet, labels: labelsOf(run), driver, attachable, options });
}

async function findOwn(name: string, { host, run }: StepContext): Promise<NetworkInfo | 'foreign' | null> {
  const named = await host.docker.networks(name);
  const own = named.find((network) => isOurs(network, run));
  return own ?? (named.length > 0 ? 'foreign' : null);
}

/**
 * Returns the networks of this name. The manager of a swarm allocates a new network in the background: until then it has neither a driver
 * nor a subnet.
 * @throws WfError E_DOCKER if that takes too long
 */
async function allocatedNetworks(name: string, context: HostContext): Promise<readonly NetworkInfo[]> {
  const { docker } = context.host;
  const isAllocated = ({ driver }: NetworkInfo) => driver !== '';
  const networks = await lookUntil(
    context,
    ALLOCATED_WITHIN_MS,
    () => docker.networks(name),
    (all) => all.every(isAllocated),
  );
  const pending = networks.find((network) => !isAllocated(network));
  if (pending === undefined) return networks;
  const within = limitText(ALLOCATED_WITHIN_MS);
  throw new WfError(
    'E_DOCKER',
    `network ${name} (${shortId(pending.id)}) has got no driver from the swarm within ${within}`,
    {
      hint: 'Check the managers of the swarm with `docker node ls`.',
      details: { id: pending.id },
    },
  );
}

/**
 * Picks one of several networks with the same name and run: the recorded one, otherwise one that is in use. A duplicate arises if the
 * engine executes the request of a killed process after the next process has repeated it (moby #29268).
 */
function pickNetwork(ours: readonly NetworkInfo[], recorded: string | null): NetworkInfo | undefined {
  return ours.find(({ id }) => id === recorded) ?? ours.find(({ members }) => members.length > 0) ?? ours[0];
}

/** Removes the duplicate networks. @throws WfError E_RESIDUE or E_FOREIGN if a container is attached to one of them. */
async function removeSurplus(kept: Record, context: HostContext): Promise<void> {
  const surplus = (await ownNetworks(kept, context)).filter(({ id }) => id !== kept.id);
  await removeAll(surplus, context, ({ id }) => shortId(id));
}

/** Removes the networks; continues after a failure. @throws WfError of the first failure. */
async function removeAll(
  networks: readonly NetworkInfo[],
  context: HostContext,
  typed: (network: NetworkInfo) => string,
): Promise<void> {
  const failures: unknown[] = [];
  for (const network of networks) {
    try {
      await removeOwnNetwork(network, context, typed(network));
      await networkGone(network.id, network.name, bridgeNameOf(network), context);
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Returns the recorded network and every network of this name that carries the run's mark. */
async function ownNetworks({ name, id }: Record, { host, run }: HostContext): Promise<readonly NetworkInfo[]> {
  const networks = await host.docker.networks(name);
  return networks.filter((network) => network.id === id || isOurs(network, run));
}

function mismatchWithInput(network: NetworkInfo, { name, subnet, driver }: Input): WfError | undefined {
  const found = network.subnets[0]?.subnet;
  if (network.driver === driver && (subnet === null || subnet === found)) return undefined;
  return new WfError(
    'E_NAME_IN_USE',
    network.driver === driver
      ? `this run already has a network ${name}, with subnet ${found} and not ${subnet}`
      : `this run already has a network ${name}, with driver ${network.driver} and not ${driver}`,
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
      hint: `Inspect it with \`docker network inspect ${shortId(id)}\`.`,
    });
  }
  const common = { id, name, driver, subnet: range.subnet, gateway: range.gateway };
  if (driver !== 'overlay') return { ...common, bridge: bridgeNameOf(network), vni: null };
  return { ...common, bridge: OVERLAY_BRIDGE, vni: vniOf(network) };
}
