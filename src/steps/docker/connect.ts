import { z } from 'zod';
import { engineNeeded } from '../../docker/engine-needed.ts';
import { WfError } from '../../engine/model/errors.ts';
import { labelsOf, RUN_LABEL } from '../../engine/model/identity/mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { ContainerEndpoint, ContainerInfo } from '../../engine/ports/docker.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { asCommand } from './client-output.ts';
import { dryRunAddress, dryRunId } from './dry-run-values.ts';
import {
  addressObstacle,
  brokenConnection,
  connectionMismatch,
  endpointIn,
  isBroken,
  isOwn,
} from './engine/endpoint.ts';
import { ENGINE_RETRY, LATE_EFFECT_MS } from './engine/policy.ts';
import { engineIdSchema, requireMadeOnEngine, requireSameEngine } from './engine/same-engine.ts';
import { orUnknown } from './engine/unknown.ts';
import { containerNameSchema, nameOrIdSchema, shortId } from './names.ts';

const input = z.object({
  container: nameOrIdSchema.describe('id or name of the container, of the run or of somebody else'),
  network: nameOrIdSchema.describe('id or name of the network'),
  ipv4: z
    .ipv4()
    .nullable()
    .default(null)
    .describe('address in the network, which needs a subnet of its own; null lets the engine choose one'),
  aliases: z
    .array(containerNameSchema)
    .default([])
    .describe('further names of the container in the network, which must not be the `bridge` of the engine'),
});
/** The record of a connection. */
export const connectionRecordSchema = z.object({
  containerId: z.string(),
  container: z.string(),
  networkId: z.string(),
  network: z.string(),
  /** Null until it is connected, and while the container does not run. */
  endpointId: z.string().nullable(),
  /** Start of the container that has this endpoint: the next start creates another endpoint. */
  startedAt: z.string().nullable(),
  engine: engineIdSchema,
});
type Input = z.output<typeof input>;
type ConnectionRecord = z.output<typeof connectionRecordSchema>;

/** Connects a container to a further network. The connection carries this run's mark. */
export const dockerConnect = defineStep({
  kind: 'docker.connect',
  description: 'Connects a container to a further network; the undo disconnects exactly that connection.',
  input,
  output: z.object({
    containerId: z.string().describe('container id'),
    networkId: z.string().describe('network id'),
    ipv4: z.string().nullable().describe('IPv4 address; null while the container does not run'),
    prefixLength: z.number().int().nullable().describe('prefix length of the address'),
    mac: z.string().nullable().describe('MAC address; null while the container does not run'),
    connected: z.boolean().describe('whether the run created the connection'),
  }),
  record: connectionRecordSchema,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  alters: ['docker', 'network', 'firewall'],
  lateEffectMs: LATE_EFFECT_MS,
  commands: (asked) => [connectCommand(asked, 'RUN')],
  rehearse: ({ container, network, ipv4 }) => ({
    containerId: dryRunId(container),
    networkId: dryRunId(network),
    ipv4: ipv4 ?? dryRunAddress(network, container),
    prefixLength: 16,
    mac: '02:42:ac:12:00:03',
    connected: true,
  }),

  observe: (asked, context, earlier) =>
    orUnknown(async () => {
      const { docker } = context.host;
      if (docker.programs !== 'image') throw engineNeeded(`connecting container ${asked.container}`);
      if (earlier !== undefined) await requireSameEngine(earlier.engine, context);
      const engine = await docker.engineId();
      const container = await docker.container(earlier?.containerId ?? asked.container);
      const network = await docker.network(earlier?.networkId ?? asked.network);
      if (container === null) throw missing('container', asked.container);
      if (network === null) throw missing('network', asked.network);
      const target = `connection of container ${container.name} to network ${network.name}`;
      const made: ConnectionRecord = {
        containerId: container.id,
        container: container.name,
        networkId: network.id,
        network: network.name,
        endpointId: null,
        startedAt: null,
        engine,
      };
      const endpoint = endpointIn(container, network);
      const obstacle = addressObstacle(asked.ipv4, container, network);
      if (obstacle !== undefined) return { found: 'foreign', error: obstacle };
      if (endpoint === undefined) return { found: 'absent', target, record: made };
      if (isBroken(endpoint, container)) {
        if (isOwn(endpoint, context)) return { found: 'partial', target, record: made };
        return { found: 'foreign', error: brokenConnection(container, network) };
      }
      const mismatch = connectionMismatch(endpoint, container, network, asked);
      if (mismatch !== undefined) return { found: 'foreign', error: mismatch };
      const output = {
        containerId: container.id,
        networkId: network.id,
        ipv4: endpoint.ipv4,
        prefixLength: endpoint.prefixLength,
        mac: endpoint.mac,
      };
      if (!isOwn(endpoint, context)) return { found: 'unchanged', output: { ...output, connected: false } };
      const endpointId = endpoint.endpointId ?? null;
      const startedAt = endpointId === null ? null : container.startedAt;
      const seen = { ...made, endpointId, startedAt };
      return { found: 'ours', target, record: seen, output: { ...output, connected: true } };
    }),

  async apply(asked, made, _found, context) {
    const { docker } = context.host;
    const { containerId, networkId } = made;
    const { ipv4, aliases } = asked;
    await asCommand(
      context,
      connectCommand(asked, context.run),
      () => docker.connectNetwork({ containerId, networkId, ipv4, aliases, options: labelsOf(context.run) }),
      () => '',
    );
    return made;
  },

  requireMadeHere: requireMadeOnEngine,

  inspect: (made, context) =>
    orUnknown(async () => {
      await requireSameEngine(made.engine, context);
      const state = await stateOf(made, context);
      return state.found === 'gone' ? state : { found: 'in place' };
    }),

  undo: disconnectOwn,

  undoCommands: ({ containerId, networkId }) => [
    ['docker', 'network', 'disconnect', shortId(networkId), shortId(containerId)],
  ],
  rehearseUndo: ({ container, network }) => [['docker', 'network', 'disconnect', network, container]],
});

function connectCommand({ container, network, ipv4, aliases }: Input, run: string): Argv {
  const options = [
    ...(ipv4 === null ? [] : ['--ip', ipv4]),
    ...aliases.flatMap((alias) => ['--alias', alias]),
    ...['--driver-opt', `${RUN_LABEL}=${run}`],
  ];
  return ['docker', 'network', 'connect', ...options, network, container];
}

type Connection = Omit<ConnectionRecord, 'engine'>;

/** Removes a connection of the run; does nothing if it is gone, or somebody else's. */
export async function disconnectOwn(made: Connection, context: HostContext): Promise<void> {
  const state = await stateOf(made, context);
  if (state.found === 'gone') return;
  const { containerId, container, networkId, network } = made;
  if (state.isBroken) await repair(made, context);
  await asCommand(
    context,
    ['docker', 'network', 'disconnect', network, container],
    () => context.host.docker.disconnectNetwork({ containerId, networkId }),
    () => '',
  );
}

type State =
  | { readonly found: 'in place'; readonly isBroken: boolean }
  | { readonly found: 'gone'; readonly reason: string };

async function stateOf(made: Connection, context: HostContext): Promise<State> {
  const { containerId, networkId, network } = made;
  const container = await context.host.docker.container(containerId);
  if (container === null) return { found: 'gone', reason: `container ${made.container} is gone` };
  const endpoint = endpointIn(container, { id: networkId, name: network });
  if (endpoint === undefined) {
    return { found: 'gone', reason: `container ${container.name} is not connected to network ${network}` };
  }
  const isMade = isOwn(endpoint, context) && isSame(endpoint, container, made);
  if (isMade) return { found: 'in place', isBroken: isBroken(endpoint, container) };
  const reason = `container ${container.name} was disconnected from network ${network}, and connected again by somebody else`;
  return { found: 'gone', reason };
}

/** Completes a broken connection, so that the engine can disconnect it. */
async function repair({ containerId, container, networkId, network }: Connection, context: HostContext): Promise<void> {
  await asCommand(
    context,
    connectCommand({ container, network, ipv4: null, aliases: [] }, context.run),
    () =>
      context.host.docker.connectNetwork({
        containerId,
        networkId,
        ipv4: null,
        aliases: [],
        options: labelsOf(context.run),
      }),
    () => '',
  );
}

/** Returns whether the endpoint is the recorded one; only a start of the container creates another one for the same connection. */
function isSame(endpoint: ContainerEndpoint, container: ContainerInfo, made: Connection): boolean {
  if (made.endpointId === null || made.startedAt !== container.startedAt || !container.running) return true;
  return endpoint.endpointId === made.endpointId;
}

function missing(what: 'container' | 'network', name: string): WfError {
  return new WfError('E_DOCKER', `${what} ${name} does not exist`, {
    hint: `List them with \`docker ${what} ls${what === 'container' ? ' --all' : ''}\`.`,
  });
}
