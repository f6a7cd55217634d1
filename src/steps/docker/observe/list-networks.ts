import { z } from 'zod';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { asCommand, table } from '../client-output.ts';
import { ENGINE_RETRY } from '../engine/policy.ts';
import { shortId } from '../names.ts';

export const listNetworks = defineStep({
  kind: 'docker.list-networks',
  description: 'Lists all networks of the engine.',
  input: z.object({}),
  output: z.object({
    networks: z
      .array(z.object({ id: z.string(), name: z.string(), driver: z.string(), scope: z.string() }))
      .describe('networks of the engine'),
  }),
  retry: ENGINE_RETRY,
  commands: () => [['docker', 'network', 'ls']],
  rehearse: () => ({
    networks: [{ id: 'b'.padEnd(64, '0'), name: 'bridge', driver: 'bridge', scope: 'local' }],
  }),
  async read(_input, context) {
    const networks = await asCommand(
      context,
      ['docker', 'network', 'ls'],
      async () => {
        const found = await context.host.docker.listNetworks();
        return found
          .map(({ id, name, driver, scope }) => ({ id, name, driver, scope }))
          .sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
      },
      (rows) =>
        table(
          ['NETWORK ID', 'NAME', 'DRIVER', 'SCOPE'],
          rows.map(({ id, name, driver, scope }) => [shortId(id), name, driver, scope]),
        ),
    );
    return { networks };
  },
});
