import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createDocker } from '../../src/docker/create-docker.ts';
import { folderOfFile } from '../support/host/file-folder.ts';

const folder = folderOfFile();
let server: Server | undefined;
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server?.close(resolve));
});

/** Starts a false engine that answers each request with this function, and returns a port that uses the engine. */
async function posing(answer: (socket: Socket) => void) {
  const file = path.join(folder, 'docker.sock');
  rmSync(file, { force: true });
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server?.listen(file, resolve));
  return createDocker({ DOCKER_HOST: `unix://${file}` });
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n';

const CALLS = [
  ['a list of networks', (docker: ReturnType<typeof createDocker>) => docker.networks()],
  ['an image', (docker: ReturnType<typeof createDocker>) => docker.image('x')],
  ['the engine info', (docker: ReturnType<typeof createDocker>) => docker.info()],
  ['the logs of a container', (docker: ReturnType<typeof createDocker>) => docker.logs('x', 1)],
] as const;

test.each(CALLS)('an endless answer is abandoned at 64 MiB: %s', async (_what, call) => {
  let sent = 0;
  const docker = await posing((socket) => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const send = () => {
      sent += chunk.length;
      if (!socket.destroyed) socket.write(chunk, send);
    };
    socket.write(HEAD, send);
  });
  await expect(call(docker)).rejects.toMatchObject({
    code: 'E_DOCKER',
    message: expect.stringContaining('is larger than 64 MiB'),
  });
  await expect.poll(() => sockets.size, { timeout: 5_000 }).toBe(0);
  expect(sent / 1024 / 1024).toBeLessThan(200);
});

test('an answer that arrives byte by byte is abandoned at its deadline, and the connection is closed', {
  timeout: 60_000,
}, async () => {
  const docker = await posing((socket) => {
    socket.write(HEAD);
    const timer = setInterval(() => socket.write(' '), 100);
    socket.on('close', () => clearInterval(timer));
  });
  await expect(docker.network('a'.repeat(64))).rejects.toMatchObject({
    code: 'E_DOCKER',
    message: expect.stringContaining('did not answer within 15 s'),
  });
  await expect.poll(() => sockets.size, { timeout: 5_000 }).toBe(0);
});

test.each([
  ['is one endless line', Buffer.alloc(3 * 1024 * 1024, 'x')],
  ['is not JSON', Buffer.from('<html>\n')],
])('the progress of a pull that %s is refused', async (_what, body) => {
  const docker = await posing((socket) => {
    socket.write(HEAD);
    socket.write(body);
  });
  const pulled = docker.pullImage('x', () => {}, new AbortController().signal);
  await expect(pulled).rejects.toMatchObject({ code: 'E_IMAGE_UNAVAILABLE' });
});
