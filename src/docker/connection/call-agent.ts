import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';

/** Connections of one call to an engine. */
export interface CallAgent {
  readonly agent: Agent;
  /** Removes the size limit for a streamed response: the reader of the stream limits it. */
  lift(): void;
}

/** A list of 10,000 containers takes about 20 MB. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Opens a connection for each call (about 0.1 ms on a Unix socket). After a restart of the engine, the first call on
 * a kept connection would fail, and a lost write must not be repeated. A new connection is merely unreachable.
 */
const NO_REUSE = { keepAlive: false };

/** Returns a factory of agents that close a connection, and call `onTooMuch`, once more than MAX_ANSWER_BYTES have arrived. */
export async function callAgents(protocol: 'http' | 'https'): Promise<(onTooMuch: () => void) => CallAgent> {
  // Loaded lazily: these two modules take 4 ms.
  const { Agent: AgentClass } = await (protocol === 'http' ? import('node:http') : import('node:https'));
  return (onTooMuch) => {
    const agent: Agent = new AgentClass(NO_REUSE);
    const connect = agent.createConnection.bind(agent);
    let limit = MAX_ANSWER_BYTES;
    agent.createConnection = (options, callback) => {
      const socket = connect(options, callback);
      if (socket) closeBeyond(socket, () => limit, onTooMuch);
      return socket;
    };
    return {
      agent,
      lift() {
        limit = Number.POSITIVE_INFINITY;
      },
    };
  };
}

function closeBeyond(socket: Duplex, limit: () => number, onTooMuch: () => void): void {
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received <= limit()) return;
    onTooMuch();
    socket.destroy();
  });
}
