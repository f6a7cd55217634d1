import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { limitText } from '../../../engine/model/time-limit.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { untilDeadline } from '../../until-deadline.ts';
import { asCommand, table } from '../client-output.ts';
import { dryRunSwarmId } from '../dry-run-values.ts';
import { ENGINE_RETRY } from '../engine/policy.ts';

const nodeSchema = z.object({
  node: z.string().describe('id of the node'),
  hostname: z.string(),
  role: z.enum(['worker', 'manager']),
  availability: z.string().describe('`active`, `pause` or `drain`'),
  state: z.string().describe('`ready`, `down`, `disconnected` or `unknown`'),
  reachability: z.string().nullable().describe('`reachable`, `unreachable` or `unknown`; null for a worker'),
  isLeader: z.boolean().describe('whether it is the leader of the managers'),
  address: z.string().describe('address that the node advertises'),
});
type Node = z.output<typeof nodeSchema>;

const inputSchema = z.object({
  ready: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('number of nodes that must exist, all of them ready; null expects nothing'),
  deadlineMs: z
    .number()
    .int()
    .min(50)
    .default(10_000)
    .describe('longest wait for them in milliseconds: a node that has just joined is not ready yet'),
});
type Input = z.output<typeof inputSchema>;

/** Lists the nodes of the swarm, as a manager sees them; with `ready` it proves that all are ready. */
export const observeSwarmNodes = defineStep({
  kind: 'swarm.nodes',
  description: 'Lists the nodes of a swarm. Its host must be a manager.',
  input: inputSchema,
  output: z.object({ nodes: z.array(nodeSchema).describe('nodes by address') }),
  retry: ENGINE_RETRY,
  commands: () => [['docker', 'node', 'ls']],
  rehearse: () => ({ nodes: [rehearsed('10.92.0.1', 'manager'), rehearsed('10.92.0.2', 'worker')] }),
  async read(input, context) {
    const { ready } = input;
    const isGood = (nodes: readonly Node[]) =>
      ready === null || (nodes.length === ready && nodes.every(({ state }) => state === 'ready'));
    const nodes = await asCommand(
      context,
      ['docker', 'node', 'ls'],
      () => untilDeadline(context, input, () => listNodes(context), { isGood, isCutOff: () => false }),
      (found) =>
        table(
          ['ID', 'HOSTNAME', 'STATUS', 'AVAILABILITY', 'MANAGER STATUS'],
          found.map(({ node, hostname, state, availability, reachability, isLeader }) => [
            ...[node, hostname, state, availability],
            isLeader ? 'leader' : (reachability ?? ''),
          ]),
        ),
    );
    if (!isGood(nodes)) throw notReady(nodes, input);
    return { nodes: [...nodes] };
  },
});

async function listNodes({ host }: HostContext): Promise<Node[]> {
  const found = await host.docker.swarm.nodes();
  return found
    .map(({ id, labels: _labels, ...node }) => ({ node: id, ...node }))
    .sort((a, b) => a.address.localeCompare(b.address) || a.node.localeCompare(b.node));
}

function notReady(nodes: readonly Node[], { ready, deadlineMs }: Input): WfError {
  const list = nodes.map(({ address, role, state }) => `${role} ${address} ${state}`).join(', ');
  return new WfError(
    'E_NOT_PROVEN',
    `the swarm has the nodes ${list} after ${limitText(deadlineMs)}, not ${ready ?? 0} that are all ready`,
    {
      hint: 'Inspect them with `docker node ls` and `docker node inspect`, and check that the nodes reach each other.',
    },
  );
}

function rehearsed(address: string, role: Node['role']): Node {
  const isManager = role === 'manager';
  return {
    ...{ node: dryRunSwarmId(`node ${address}`), hostname: 'host', role, availability: 'active', state: 'ready' },
    ...{ reachability: isManager ? 'reachable' : null, isLeader: isManager, address },
  };
}
