import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';

/** The connections of one call to an engine. */
export interface CallAgent {
  readonly agent: Agent;
  /** From now on its answers may be of any length: it streams, and whoever reads the stream bounds it. */
  lift(): void;
}

/** A list of 10,000 containers is of about 20 MB. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * A connection for each call (about 0.1 ms on a Unix socket). On one that is kept, the first call after the engine's restart
 * meets the dead end of it: a write is then lost and must not be repeated, which on a new connection is only unreachable.
 */
const NO_REUSE = { keepAlive: false };

/** Makes agents that close a connection, and call `onTooMuch`, as soon as more than MAX_ANSWER_BYTES have come in. */
export async function callAgents(protocol: 'http' | 'https'): Promise<(onTooMuch: () => void) => CallAgent> {
  // Loaded when there is an engine to talk to: these two take 4 ms of a command that talks to none.
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
