import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeDocker, docker } from '../support/docker-tests.ts';
import { hostState } from '../support/host-state.ts';
import { PROBE_IMAGE } from '../support/images.ts';
import { startLab } from '../support/lab.ts';
import { runRecordSchema } from '../support/run-record.ts';
import { openProject } from '../support/run-wf.ts';

/** The engine at DOCKER_HOST, but for one container, of which it answers as one whose storage is damaged. wf asks one thing a connection. */
async function engineThatCannotInspect(id: string, socket: string): Promise<Server> {
  const engine = (process.env['DOCKER_HOST'] ?? '').replace('unix://', '');
  const body = JSON.stringify({ message: `RWLayer of container ${id} is unexpectedly nil` });
  const head = `HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  const server = createServer((client) => {
    client.once('data', (request) => {
      if (request.toString('latin1').includes(`/containers/${id}/json`)) {
        client.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
        return;
      }
      const upstream = connect(engine);
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

describeDocker('an engine that answers 500 when one container of somebody else is inspected', () => {
  test('carries out the lab: that container is compared by what the list tells of it', async () => {
    const before = await hostState();
    const project = openProject();
    const id = await docker('run', '--detach', '--name', 'broken-one', PROBE_IMAGE, 'sleep', '600');
    const socket = path.join(project.folder, 'docker.sock');
    const server = await engineThatCannotInspect(id, socket);
    try {
      const lab = await project.wf(startLab({}, '--json'), { env: { DOCKER_HOST: `unix://${socket}` } });
      expect(lab.exitCode, lab.stderr).toBe(0);
      const { status, verification } = runRecordSchema.parse(lab.json());
      expect(status).toBe('succeeded');
      expect(verification).toMatchObject({ restored: true, residues: [], unexplained: [] });
      const unread = verification?.notCompared.map(({ subject }) => subject);
      expect(unread).not.toContain('containers');
    } finally {
      server.close();
      await docker('rm', '--force', 'broken-one');
    }
    expect(await hostState()).toEqual(before);
  });
});
