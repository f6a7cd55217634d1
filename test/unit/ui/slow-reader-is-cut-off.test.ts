import { createServer, request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
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
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const reader = request({ host: '127.0.0.1', port: address.port }, (response) => response.pause());
  reader.on('error', () => {});
  reader.end();
  onTestFinished(() => {
    reader.destroy();
  });
  await end;
  expect(Math.max(...sent)).toBeLessThan(9 * 1024 * 1024);
  expect(Math.max(...sent)).toBeGreaterThan(1024 * 1024);
});
