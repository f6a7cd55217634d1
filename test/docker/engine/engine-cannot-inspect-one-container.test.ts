import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createDocker } from '../../../src/docker/create-docker.ts';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { openProject } from '../../support/command/run-wf.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';

/** Forwards to DOCKER_HOST, but answers requests for one container as if its storage were damaged. wf sends one request per connection. */
async function engineThatCannotInspect(id: string, socket: string): Promise<Server> {
  const engine = (process.env['DOCKER_HOST'] ?? '').replace('unix://', '');
  const body = JSON.stringify({ message: `RWLayer of container ${id} is unexpectedly nil` });
  const head = `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  // An exec ends its half of the connection long before the engine ends the other.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.once('data', (request) => {
      if (request.toString('latin1').includes(`/containers/${id}/json`)) {
        client.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
        return;
      }
      const upstream = connect({ path: engine, allowHalfOpen: true });
      upstream.write(request);
      client.pipe(upstream).pipe(client);
      for (const end of [client, upstream]) end.on('error', () => {});
    });
    client.on('error', () => {});
  });
  server.listen(socket);
  await once(server, 'listening');
  return server;
}

const WORKFLOW = `import { defineWorkflow } from 'wf-engine';
import { execCommand, revertSteps } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({ file: z.string() });
const machine = setup({
  types: { context: {} as { file: string }, input: {} as { file: string } },
  // Other tests may be changing the network of this host.
  actors: { execCommand: execCommand.with({ alters: ['docker'] }), revertSteps },
}).createMachine({
  context: ({ input }) => input,
  initial: 'first',
  states: {
    first: {
      invoke: {
        id: 'touch',
        src: 'execCommand',
        input: ({ context: { file } }) => ({ argv: ['touch', file], undo: ['rm', file] }),
        onDone: 'second',
      },
    },
    second: { invoke: { id: 'undo', src: 'revertSteps', input: { steps: ['touch'] }, onDone: 'done' } },
    done: { type: 'final' },
  },
});
export default defineWorkflow({ name: 'touch', version: '1', description: 'A file.', input, machine });
`;

describeDocker('an engine that answers 500 for a foreign container', () => {
  test('stops no run: the container is compared by its list entry', async () => {
    const project = openProject({ 'workflows/touch.ts': WORKFLOW });
    const id = await docker('run', '--detach', '--name', 'broken-one', PROBE_IMAGE, 'sleep', '600');
    const socket = path.join(project.folder, 'docker.sock');
    const server = await engineThatCannotInspect(id, socket);
    const env = { DOCKER_HOST: `unix://${socket}` };
    try {
      await expect(createDocker(env).container(id)).rejects.toMatchObject({ code: 'E_DOCKER' });
      const run = await project.sharedWf(
        ['start', 'touch', '--runtime', 'docker', '--json', '--input', `file=${project.folder}/made`],
        { env },
      );
      expect(run.exitCode, run.stderr).toBe(0);
      const { status, verification } = runRecordSchema.parse(run.json());
      expect(status).toBe('succeeded');
      expect(verification).toEqual({ restored: true, residues: [], unexplained: [], drift: [], notCompared: [] });
    } finally {
      server.close();
      await docker('rm', '--force', 'broken-one');
    }
  });
});
