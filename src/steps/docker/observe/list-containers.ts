import { z } from 'zod';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { asCommand, table } from '../client-output.ts';
import { ENGINE_RETRY } from '../engine/policy.ts';
import { shortId } from '../names.ts';

// Columns that need no further request to the engine.
const COMMAND: Argv = ['docker', 'ps', '--all', '--format', 'table {{.ID}}\\t{{.Image}}\\t{{.State}}\\t{{.Names}}'];

export const listContainers = defineStep({
  kind: 'docker.list-containers',
  description: 'Lists all containers of the engine, running or not.',
  input: z.object({}),
  output: z.object({
    containers: z
      .array(z.object({ id: z.string(), name: z.string(), image: z.string(), status: z.string() }))
      .describe('containers of the engine, stopped ones included'),
  }),
  retry: ENGINE_RETRY,
  commands: () => [COMMAND],
  rehearse: () => ({ containers: [] }),
  async read(_input, context) {
    const containers = await asCommand(
      context,
      COMMAND,
      async () => {
        const found = await context.host.docker.listContainers();
        return found
          .map(({ id, name, image, status }) => ({ id, name, image, status }))
          .sort((a, b) => a.name.localeCompare(b.name));
      },
      (rows) =>
        table(
          ['CONTAINER ID', 'IMAGE', 'STATE', 'NAMES'],
          rows.map(({ id, image, status, name }) => [shortId(id), image, status, name]),
        ),
    );
    return { containers };
  },
});
