import { existsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { peerUser } from '../../../src/host/http/peer-user.ts';

/** Connects to a server on 127.0.0.1 in this process. */
async function openConnection(host: string) {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect(address.port, host);
  const socket = await accepted;
  onTestFinished(() => {
    for (const end of [client, socket]) end.destroy();
    server.close();
  });
  const peer = () => peerUser({ localPort: socket.localPort ?? 0, remotePort: socket.remotePort ?? 0 });
  return { client, peer };
}

const HOSTS = ['127.0.0.1', ...(existsSync('/proc/net/if_inet6') ? ['::ffff:127.0.0.1'] : [])];

test.for(HOSTS)('the process that connects to %s is known by its user', async (host) => {
  const { peer } = await openConnection(host);
  expect(peer()).toBe(process.getuid?.());
});

test('a process that has closed its connection has no user, and is not root', async () => {
  const { client, peer } = await openConnection('127.0.0.1');
  client.destroy();
  await expect.poll(peer).toBeUndefined();
});
