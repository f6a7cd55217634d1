import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { openEventStream } from '../../../src/ui/stream/event-stream.ts';

test('a page that does not read its stream is cut off before it fills the memory of the server', async () => {
  const sent: number[] = [];
  let closed = (_at: number) => {};
  const end = new Promise<number>((resolve) => {
    closed = resolve;
  });
  const server = createServer((_request, response) => {
    const stream = openEventStream(response, systemClock, {});
    stream.onClose(() => closed(sent.length));
    const line = 'x'.repeat(64 * 1024);
    const send = () => {
      if (response.destroyed) return;
      stream.send('run', line, sent.push(response.writableLength));
      setImmediate(send);
    };
    send();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const reader = request({ host: '127.0.0.1', port: portOf(server) }, (response) => response.pause());
  reader.on('error', () => {});
  reader.end();
  onTestFinished(() => {
    reader.destroy();
  });
  await end;
  expect(Math.max(...sent)).toBeLessThan(9 * 1024 * 1024);
  expect(Math.max(...sent)).toBeGreaterThan(1024 * 1024);
});

test('a stream ends with its connection, although an earlier answer has never ended', async () => {
  let [begun, ended] = [0, 0];
  const server = createServer((_request, response) => {
    begun += 1;
    openEventStream(response, systemClock, {}).onClose(() => {
      ended += 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = connect(portOf(server), '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
  await vi.waitFor(() => expect(begun).toBe(3), 10_000);
  client.destroy();
  await vi.waitFor(() => expect(ended).toBe(3), 10_000);
});

test('an event of any length reaches a page that reads', async () => {
  const length = 12 * 1024 * 1024;
  const server = createServer((_request, response) => {
    openEventStream(response, systemClock, {}).send('run', 'x'.repeat(length));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  let read = 0;
  const reader = request({ host: '127.0.0.1', port: portOf(server) }, (response) => {
    response.on('error', () => {});
    response.on('data', (part: Buffer) => {
      read += part.length;
    });
  });
  reader.on('error', () => {});
  reader.end();
  onTestFinished(() => void reader.destroy());
  await vi.waitFor(() => expect(read).toBeGreaterThan(length), 10_000);
});

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
