import type { HttpBindings } from '@hono/node-server';
import type { Clock } from '../../engine/ports/clock.ts';

/** A stream of server-sent events to one page. */
export interface EventStream {
  /** @param id the position from which the page continues after a lost connection */
  send(event: string, data: unknown, id?: number): void;
  onClose(listener: () => void): void;
}

/** Keeps the connection open, also through a proxy. */
const HEARTBEAT_MS = 15_000;
/** The browser reconnects after this time. */
const RETRY_MS = 1_000;
/** A page with more unread bytes is disconnected, and continues from its position when it reconnects. One event may be longer. */
const MOST_UNREAD_BYTES = 8 * 1024 * 1024;

/** @param headers of every answer */
export function openEventStream(
  response: HttpBindings['outgoing'],
  clock: Pick<Clock, 'after'>,
  headers: Readonly<Record<string, string>>,
): EventStream {
  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  });
  let cancel = () => {};
  // The stream ends with its connection: an answer that waits for its turn on the connection never reports that it is closed.
  const { socket } = response.req;
  const onEnd = (listener: () => void) => {
    if (socket.destroyed) listener();
    else socket.once('close', listener);
  };
  const write = (text: string) => {
    if (response.writableEnded || response.destroyed) return;
    if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
    else response.write(text);
  };
  const beat = () => {
    write(': alive\n\n');
    cancel = clock.after(HEARTBEAT_MS, beat, true);
  };
  write(`retry: ${RETRY_MS}\n\n`);
  cancel = clock.after(HEARTBEAT_MS, beat, true);
  onEnd(() => cancel());
  return {
    send(event, data, id) {
      // This JSON has line breaks only in texts, where they are escaped.
      write(`event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
    },
    onClose: onEnd,
  };
}
