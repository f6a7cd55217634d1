import { once } from 'node:events';
import { connect } from 'node:net';
import { dockerHost } from './docker-tests.ts';

/** Sends a request to the engine like a client that is killed at once, or after a delay, before it reads the response. */
export async function askAndDie(method: 'POST' | 'DELETE', path: string, body?: unknown, afterMs = 0): Promise<void> {
  const socket = connect(dockerHost().replace('unix://', ''));
  socket.on('error', () => {});
  await once(socket, 'connect');
  const text = body === undefined ? '' : JSON.stringify(body);
  const head = [`${method} ${path} HTTP/1.1`, 'Host: docker', 'Content-Type: application/json'];
  const request = [...head, `Content-Length: ${Buffer.byteLength(text)}`, '', text].join('\r\n');
  await new Promise((resolve) => socket.write(request, resolve));
  if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
  socket.destroy();
}
