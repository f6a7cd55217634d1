import { z } from 'zod';
import { defineStep } from '../../../engine/workflow/define-step.ts';
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
  isLeader: z.boolean().describe('whether it is the manager that leads'),
  address: z.string().describe('address that the node advertises'),
});
type Node = z.output<typeof nodeSchema>;

/** Lists the nodes of the swarm, as a manager sees them. */
export const observeSwarmNodes = defineStep({
  kind: 'swarm.nodes',
  description: 'Lists the nodes of a swarm. Its host must be a manager.',
  input: z.object({}),
  output: z.object({ nodes: z.array(nodeSchema).describe('nodes by address') }),
  retry: ENGINE_RETRY,
  commands: () => [['docker', 'node', 'ls']],
  rehearse: () => ({ nodes: [rehearsed('10.92.0.1', 'manager'), rehearsed('10.92.0.2', 'worker')] }),
  async read(_input, context) {
    const nodes = await asCommand(
      context,
      ['docker', 'node', 'ls'],
      async () => {
        const found = await context.host.docker.swarm.nodes();
        return found
          .map(({ id, labels: _labels, ...node }) => ({ node: id, ...node }))
          .sort((a, b) => a.address.localeCompare(b.address) || a.node.localeCompare(b.node));
      },
      (found) =>
        table(
          ['ID', 'HOSTNAME', 'STATUS', 'AVAILABILITY', 'MANAGER STATUS'],
          found.map(({ node, hostname, state, availability, reachability, isLeader }) => [
            ...[node, hostname, state, availability],
            isLeader ? 'leader' : (reachability ?? ''),
          ]),
        ),
    );
    return { nodes };
  },
});

function rehearsed(address: string, role: Node['role']): Node {
  const isManager = role === 'manager';
  return {
    ...{ node: dryRunSwarmId(`node ${address}`), hostname: 'host', role, availability: 'active', state: 'ready' },
    ...{ reachability: isManager ? 'reachable' : null, isLeader: isManager, address },
  };
}
