import { z } from 'zod';
import { engineNeeded } from '../../../docker/engine-needed.ts';
import { WfError } from '../../../engine/model/errors.ts';
import { labelsOf, RUN_LABEL } from '../../../engine/model/identity/mark.ts';
import { HOST_NAME } from '../../../engine/model/named-host.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import type { SwarmNode, SwarmState } from '../../../engine/ports/swarm.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { asCommand } from '../client-output.ts';
import { dryRunSwarmId } from '../dry-run-values.ts';
import { isOurs, runOf } from '../engine/ownership.ts';
import { ENGINE_RETRY, LATE_EFFECT_MS } from '../engine/policy.ts';
import { engineIdSchema, requireMadeOnEngine, requireSameEngine } from '../engine/same-engine.ts';
import { orUnknown } from '../engine/unknown.ts';
import { encryptionBefore, isEncryptionLeft, removeEncryption } from './encryption.ts';
import { refuseForeignContainers } from './foreign-users.ts';
import { createGateway, ownGateway, removeGateway } from './gateway-bridge.ts';
import { lookUntil } from './look-until.ts';
import {
  isIngress,
  LEAVE_BY_HAND,
  leaveSwarm,
  managerState,
  settledState,
  swarmInUse,
  untilIngress,
} from './membership.ts';
import { managerAddressSchema, membershipFields, nodeFields } from './swarm-input.ts';

const DEMOTED_WITHIN_MS = 10_000;
/** Docker 20.10 keeps the ingress network until a restart if it leaves up to 1.8 s after a change of its node. */
const CHANGED_NODE_MS = 3_000;

const inputSchema = z.object({
  manager: z
    .string()
    .regex(HOST_NAME, 'must be the name of a host')
    .describe('named host of the run that is a manager'),
  managerAddress: managerAddressSchema,
  ...nodeFields,
  as: z.enum(['worker', 'manager']).default('worker').describe('role of the node'),
});
/** Record of a membership in a swarm. */
export const joinRecordSchema = z.object({
  ...membershipFields,
  address: z.string(),
  manager: z.string(),
  managerEngine: engineIdSchema,
});

type Input = z.output<typeof inputSchema>;
type Record = z.output<typeof joinRecordSchema>;

/** Joins the swarm of another host of the run. The join token stays between the two engines. */
export const joinSwarm = defineStep({
  kind: 'swarm.join',
  description:
    'Joins the swarm of another host of the run. The join token is read from that host, and is in no input, output, journal or log.',
  input: inputSchema,
  output: z.object({
    cluster: z.string().describe('id of the swarm'),
    node: z.string().describe('id of the node'),
  }),
  record: joinRecordSchema,
  timeoutMs: 60_000,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  alters: ['docker', 'network', 'firewall'],
  lateEffectMs: LATE_EFFECT_MS,
  commands: (input) => [joinCommand(input)],
  rehearse: ({ managerAddress, advertiseAddress }) => ({
    cluster: dryRunSwarmId(`swarm ${managerAddress.replace(/:\d+$/, '')}`),
    node: dryRunSwarmId(`node ${advertiseAddress}`),
  }),

  observe: (input, context, earlier) =>
    orUnknown(async () => {
      const { docker } = context.host;
      if (docker.programs !== 'image') throw engineNeeded('a swarm');
      if (earlier !== undefined) await requireSameEngine(earlier.engine, context);
      const engine = await docker.engineId();
      const manager = onManager(input.manager, context);
      const { cluster } = await managerState(manager);
      const managerEngine = await manager.host.docker.engineId();
      const state = await (earlier === undefined ? docker.swarm.state() : settledState(context));
      const target = `node at ${input.advertiseAddress} of the swarm of ${input.manager}`;
      const before = {
        ...{ engine, cluster: null, node: null, gateway: null, encryption: null },
        ...{ address: input.advertiseAddress, manager: input.manager, managerEngine },
      };
      // A plan observes this before the manager creates its swarm; apply refuses it.
      if (cluster === null) {
        if (state.state === 'inactive') return { found: 'absent', target, record: before };
        return { found: 'foreign', error: swarmInUse(state) };
      }
      const encryption =
        earlier === undefined
          ? await encryptionBefore(input.advertiseAddress, cluster.dataPathPort, context)
          : earlier.encryption;
      const gateway = (await ownGateway(context))?.id ?? null;
      const record = { ...before, cluster: cluster.id, gateway, encryption };
      if (state.state === 'inactive') return { found: gateway === null ? 'absent' : 'partial', target, record };
      const node = (await manager.host.docker.swarm.nodes()).find(({ id }) => id === state.node);
      if (node !== undefined && isOurs(node, context.run)) {
        const mismatch = mismatchWithInput(node, input);
        if (mismatch !== undefined) return { found: 'foreign', error: mismatch };
        return {
          ...{ found: 'ours', target, record: { ...record, node: node.id } },
          output: { cluster: cluster.id, node: node.id },
        };
      }
      if (earlier !== undefined && isOwnAttempt(state, node)) return { found: 'partial', target, record };
      return { found: 'foreign', error: swarmInUse(state) };
    }),

  async apply(input, record, _found, context) {
    const { swarm } = context.host.docker;
    const manager = onManager(input.manager, context);
    if (record.cluster === null) throw noManager(input.manager);
    const gateway = await createGateway(context);
    const { state } = await swarm.state();
    if (state !== 'inactive' && state !== 'active') await leaveSwarm(context);
    if (state !== 'active') await join(input, context, manager);
    const { node } = await swarm.state();
    if (node === null) return { ...record, gateway };
    await asCommand(
      manager,
      ['docker', 'node', 'update', '--label-add', `${RUN_LABEL}=${context.run}`, node],
      () => manager.host.docker.swarm.updateNode(node, { labels: labelsOf(context.run) }),
      () => node,
    );
    await settleNode(manager, context);
    return { ...record, gateway, node };
  },

  requireMadeHere: requireMadeOnEngine,

  inspect: (record, context) =>
    orUnknown(async () => {
      await requireSameEngine(record.engine, context);
      const state = await settledState(context);
      if ((await isOwnNode(state, record, context)) || (await ownGateway(context)) !== null)
        return { found: 'in place' };
      if (state.state === 'inactive' && (await isEncryptionLeft(record.encryption, context)))
        return { found: 'in place' };
      if ((await listedNodes(record, context)).length > 0) return { found: 'in place' };
      const where = state.state === 'inactive' ? 'in no swarm' : 'in another swarm';
      return { found: 'gone', reason: `the engine is ${where}` };
    }),

  async undo(record, context) {
    const state = await settledState(context);
    const manager = onManager(record.manager, context);
    if (await isOwnNode(state, record, context)) {
      await refuseForeignContainers(context);
      // The attempt was interrupted, maybe a moment ago.
      if (record.node === null) {
        await settleNode(manager, context);
        await pause(context.host.clock, CHANGED_NODE_MS, context.signal);
      }
      if (state.isManager && state.node !== null) await demote(state.node, manager, context);
      await leaveSwarm(context);
    }
    await removeGateway(context);
    if ((await context.host.docker.swarm.state()).state === 'inactive')
      await removeEncryption(record.encryption, context);
    for (const { id } of await listedNodes({ ...record, node: record.node ?? state.node }, context)) {
      await asCommand(
        manager,
        ['docker', 'node', 'rm', '--force', id],
        () => manager.host.docker.swarm.removeNode(id),
        () => id,
      );
    }
  },

  undoCommands: () => LEAVE_BY_HAND,
  rehearseUndo: () => LEAVE_BY_HAND,
});

function joinCommand({ advertiseAddress, listenAddress, managerAddress }: Input): Argv {
  return [
    ...(['docker', 'swarm', 'join', '--token', '***', '--advertise-addr', advertiseAddress] as const),
    ...(listenAddress === null ? [] : ['--listen-addr', listenAddress]),
    managerAddress,
  ];
}

/** Returns the context for commands on the manager, which is another host of the run. */
function onManager(name: string, { run, named, signal, record, progress }: HostContext): HostContext {
  return { run, host: named(name), named, signal, record, progress };
}

/** Joins the swarm; if that fails, stops the engine from trying. A node that has joined anyway is left to the next attempt or the undo. */
async function join(input: Input, context: HostContext, manager: HostContext): Promise<void> {
  const token = await manager.host.docker.swarm.joinToken(input.as);
  const { managerAddress, advertiseAddress, listenAddress } = input;
  try {
    await asCommand(
      context,
      joinCommand(input),
      () => context.host.docker.swarm.join({ token, managerAddress, advertiseAddress, listenAddress }),
      () => `This node joined a swarm as a ${input.as}.`,
    );
  } catch (thrown) {
    const { swarm } = context.host.docker;
    if ((await swarm.state()).state !== 'active') await swarm.leave();
    throw thrown;
  }
}

/** Returns whether an engine that was in no swarm when the step began is in this state because of the step. */
function isOwnAttempt({ state }: SwarmState, node: SwarmNode | undefined): boolean {
  return state === 'pending' || state === 'error' || (node !== undefined && runOf(node) === undefined);
}

/** Returns whether the engine is the recorded node, or tries to become it. */
async function isOwnNode(state: SwarmState, record: Record, context: HostContext): Promise<boolean> {
  if (state.state === 'inactive') return false;
  if (record.node !== null && state.node === record.node) return true;
  if (state.state !== 'active') return (await ownGateway(context)) !== null;
  if (record.node !== null) return false;
  const node = (await swarmOfManager(record, context)).nodes.find(({ id }) => id === state.node);
  return node !== undefined && (isOurs(node, context.run) || isOwnAttempt(state, node));
}

/**
 * Returns the nodes of this host in the list of the manager: each attempt to join adds one. In a swarm of the run, a node without a mark
 * belongs to the run, too: its attempt was interrupted.
 */
async function listedNodes(record: Record, context: HostContext): Promise<readonly SwarmNode[]> {
  const swarm = await swarmOfManager(record, context);
  const isOwn = (node: SwarmNode) => isOurs(node, context.run) || (swarm.isOurs && runOf(node) === undefined);
  return swarm.nodes.filter((node) => node.id === record.node || (node.address === record.address && isOwn(node)));
}

/** Waits until a new node has created its ingress network in the background: a node that leaves before keeps it. */
async function settleNode(manager: HostContext, context: HostContext): Promise<void> {
  if ((await manager.host.docker.listNetworks()).some(isIngress)) await untilIngress(context);
}

/** The recorded swarm, as its manager reports it. */
interface SeenSwarm {
  /** Whether the run created it. */
  readonly isOurs: boolean;
  readonly nodes: readonly SwarmNode[];
}

/** Returns the swarm; without nodes if the engine of the manager has ended, or is in no swarm or in another one. */
async function swarmOfManager(record: Record, context: HostContext): Promise<SeenSwarm> {
  const manager = onManager(record.manager, context);
  const { docker } = manager.host;
  const none = { isOurs: false, nodes: [] };
  if (docker.hasEnded(record.managerEngine)) return none;
  await requireSameEngine(record.managerEngine, manager);
  const { cluster } = await managerState(manager);
  if (cluster === null || cluster.id !== record.cluster) return none;
  return { isOurs: isOurs(cluster, context.run), nodes: await docker.swarm.nodes() };
}

/** Demotes a manager to a worker: a manager that leaves would still count in the quorum. */
async function demote(node: string, manager: HostContext, context: HostContext): Promise<void> {
  await asCommand(
    manager,
    ['docker', 'node', 'demote', node],
    () => manager.host.docker.swarm.updateNode(node, { role: 'worker' }),
    () => `Manager ${node} demoted in the swarm.`,
  );
  await lookUntil(context, DEMOTED_WITHIN_MS, context.host.docker.swarm.state, ({ isManager }) => !isManager);
}

function mismatchWithInput({ id, role, address }: SwarmNode, input: Input): WfError | undefined {
  if (role === input.as) return undefined;
  return new WfError('E_SWARM_IN_USE', `node ${id} at ${address} is a ${role} and not a ${input.as}`, {
    hint: `Change it back with \`docker node ${input.as === 'worker' ? 'demote' : 'promote'} ${id}\`, then resume the run.`,
  });
}

function noManager(name: string): WfError {
  return new WfError('E_SWARM_JOIN', `the engine of host ${name} is no manager of a swarm`, {
    hint: `Let an earlier step \`swarm.init\` create one on ${name}.`,
    untouched: true,
  });
}
