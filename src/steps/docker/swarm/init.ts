import { z } from 'zod';
import { engineNeeded } from '../../../docker/engine-needed.ts';
import { WfError } from '../../../engine/model/errors.ts';
import { labelsOf } from '../../../engine/model/identity/mark.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import type { SwarmCluster, SwarmState } from '../../../engine/ports/swarm.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { subnetSchema } from '../../addresses.ts';
import { asCommand } from '../client-output.ts';
import { dryRunSwarmId } from '../dry-run-values.ts';
import { isOurs } from '../engine/ownership.ts';
import { ENGINE_RETRY, LATE_EFFECT_MS } from '../engine/policy.ts';
import { requireMadeOnEngine, requireSameEngine } from '../engine/same-engine.ts';
import { orUnknown } from '../engine/unknown.ts';
import { encryptionBefore, isEncryptionLeft, removeEncryption } from './encryption.ts';
import { refuseForeignUsers } from './foreign-users.ts';
import { createGateway, ownGateway, removeGateway } from './gateway-bridge.ts';
import { LEAVE_BY_HAND, leaveSwarm, managerState, swarmInUse, untilIngress } from './membership.ts';
import { membershipFields, nodeFields } from './swarm-input.ts';

const VXLAN_PORT = 4789;

const inputSchema = z.object({
  ...nodeFields,
  dataPathPort: z.number().int().min(1024).max(49_151).default(VXLAN_PORT).describe('UDP port of VXLAN on every node'),
  subnetPool: subnetSchema
    .nullable()
    .default(null)
    .describe('range from which the swarm takes the subnets of overlay networks; null leaves it to the engine'),
});
/** Record of a swarm that the run created. */
export const swarmRecordSchema = z.object(membershipFields);

type Input = z.output<typeof inputSchema>;
type Record = z.output<typeof swarmRecordSchema>;

/** Creates a swarm with this run's mark; the engine is its first manager. */
export const initSwarm = defineStep({
  kind: 'swarm.init',
  description: 'Creates a swarm of which the engine is the first manager.',
  input: inputSchema,
  output: z.object({
    cluster: z.string().describe('id of the swarm'),
    node: z.string().describe('id of the node'),
    address: z.string().describe('address that the node advertises'),
  }),
  record: swarmRecordSchema,
  timeoutMs: 60_000,
  retry: ENGINE_RETRY,
  survivesReboot: true,
  alters: ['docker', 'network', 'firewall'],
  lateEffectMs: LATE_EFFECT_MS,
  commands: (input) => [initCommand(input)],
  rehearse: ({ advertiseAddress }) => ({
    cluster: dryRunSwarmId(`swarm ${advertiseAddress}`),
    node: dryRunSwarmId(`node ${advertiseAddress}`),
    address: advertiseAddress,
  }),

  observe: (input, context, earlier) =>
    orUnknown(async () => {
      const { docker } = context.host;
      if (docker.programs !== 'image') throw engineNeeded('a swarm');
      if (earlier !== undefined) await requireSameEngine(earlier.engine, context);
      const engine = await docker.engineId();
      const state = await (earlier === undefined ? docker.swarm.state() : managerState(context));
      const target = `swarm at ${input.advertiseAddress}`;
      const { advertiseAddress, dataPathPort } = input;
      const encryption =
        earlier === undefined ? await encryptionBefore(advertiseAddress, dataPathPort, context) : earlier.encryption;
      const gateway = (await ownGateway(context))?.id ?? null;
      const record = { engine, cluster: null, node: null, gateway, encryption };
      if (state.state === 'inactive') return { found: gateway === null ? 'absent' : 'partial', target, record };
      const { cluster, node } = state;
      if (cluster === null || node === null || !isOurs(cluster, context.run))
        return { found: 'foreign', error: swarmInUse(state) };
      const mismatch = mismatchWithInput(state, cluster, input);
      if (mismatch !== undefined) return { found: 'foreign', error: mismatch };
      return {
        ...{ found: 'ours', target, record: { ...record, cluster: cluster.id, node } },
        output: { cluster: cluster.id, node, address: state.address ?? input.advertiseAddress },
      };
    }),

  async apply(input, record, _found, context) {
    const { docker } = context.host;
    const gateway = await createGateway(context);
    const node = await asCommand(
      context,
      initCommand(input),
      () => docker.swarm.init({ ...input, labels: labelsOf(context.run) }),
      (id) => `Swarm initialized: current node (${id}) is now a manager.`,
    );
    await untilIngress(context);
    return { ...record, gateway, node };
  },

  requireMadeHere: requireMadeOnEngine,

  inspect: (record, context) =>
    orUnknown(async () => {
      await requireSameEngine(record.engine, context);
      const state = await managerState(context);
      if (isOwnSwarm(state, record, context) || (await ownGateway(context)) !== null) return { found: 'in place' };
      if (state.state === 'inactive' && (await isEncryptionLeft(record.encryption, context)))
        return { found: 'in place' };
      const { cluster } = state;
      // A killed engine may have created the swarm without its mark.
      if (record.node === null && state.state !== 'inactive' && (cluster === null || isUnmarked(cluster)))
        return { found: 'unknown', error: swarmInUse(state) };
      return {
        found: 'gone',
        reason: state.state === 'inactive' ? 'the engine is in no swarm' : 'the engine is in another swarm',
      };
    }),

  async undo(record, context) {
    const state = await managerState(context);
    if (isOwnSwarm(state, record, context)) {
      await refuseForeignUsers(state, context);
      if (record.node === null) await untilIngress(context);
      await leaveSwarm(context);
    }
    await removeGateway(context);
    if ((await context.host.docker.swarm.state()).state === 'inactive')
      await removeEncryption(record.encryption, context);
  },

  undoCommands: () => LEAVE_BY_HAND,
  rehearseUndo: () => LEAVE_BY_HAND,
});

function initCommand({ advertiseAddress, listenAddress, dataPathPort, subnetPool }: Input): Argv {
  return [
    ...(['docker', 'swarm', 'init', '--advertise-addr', advertiseAddress] as const),
    ...(listenAddress === null ? [] : ['--listen-addr', listenAddress]),
    ...(dataPathPort === VXLAN_PORT ? [] : ['--data-path-port', String(dataPathPort)]),
    ...(subnetPool === null ? [] : ['--default-addr-pool', subnetPool]),
  ];
}

function isOwnSwarm({ state, node, cluster }: SwarmState, record: Record, { run }: HostContext): boolean {
  if (state === 'inactive') return false;
  return record.node === null ? cluster !== null && isOurs(cluster, run) : node === record.node;
}

function isUnmarked({ labels }: SwarmCluster): boolean {
  return Object.keys(labels).length === 0;
}

function mismatchWithInput(
  { address }: SwarmState,
  { id, dataPathPort }: SwarmCluster,
  input: Input,
): WfError | undefined {
  if (address === input.advertiseAddress && dataPathPort === input.dataPathPort) return undefined;
  const asked = `${input.advertiseAddress} and UDP port ${input.dataPathPort}`;
  return new WfError(
    'E_SWARM_IN_USE',
    `this run already has swarm ${id} on the engine, at ${address ?? 'no address'} and UDP port ${dataPathPort}, not ${asked}`,
    { hint: 'Let one step of the workflow create the swarm.' },
  );
}
