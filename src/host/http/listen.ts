import { once } from 'node:events';
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import { connect, type Server as NetServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { WfError } from '../../engine/model/errors.ts';
import { ownUser } from '../../trust/users.ts';
import { errnoOf } from '../machine/errno.ts';

/** Address of a server, always on this machine. */
export type ListenAddress =
  /** `port` 0: any free one. */
  { readonly type: 'loopback'; readonly port: number } | { readonly type: 'socket'; readonly file: string };

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface HttpServer {
  /** Null for a Unix socket. */
  readonly port: number | null;
  /** Stops accepting requests, and ends all connections. */
  close(): Promise<void>;
}

/** Limits of a server with few users. */
const LIMITS = {
  connections: 256,
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 30_000,
  /** Time after which an idle connection ends. */
  idleMs: 60_000,
};

const SOCKET_MODE = 0o600;

/** Starts an HTTP server on 127.0.0.1 or a Unix socket (0600). @throws WfError E_ADDRESS_IN_USE; E_PERMISSION; E_USAGE */
export async function listenHttp(address: ListenAddress, handler: RequestHandler): Promise<HttpServer> {
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: LIMITS.headersMs,
      requestTimeout: LIMITS.requestMs,
      connectionsCheckingInterval: 5_000,
      // A second Host header would not be checked.
      requireHostHeader: true,
    },
    handler,
  );
  server.maxConnections = LIMITS.connections;
  server.setTimeout(LIMITS.idleMs);
  if (address.type === 'socket') await removeStaleSocket(address.file);
  await listening(server, address);
  return {
    port: address.type === 'socket' ? null : portOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Time for the pending requests to end when a server closes, in milliseconds. */
const DRAIN_MS = 5_000;

/**
 * Starts an HTTP/2 server without TLS on 127.0.0.1, for a program that keeps few connections open.
 * @param isCut returns whether to abort a request to this path when the server closes; other requests get `DRAIN_MS` to end
 * @throws WfError E_ADDRESS_IN_USE; E_PERMISSION; E_USAGE
 */
export async function listenHttp2(
  port: number,
  handler: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
  isCut: (path: string) => boolean,
): Promise<HttpServer> {
  const underWay = new Set<Promise<unknown>>();
  const server = createHttp2Server((request, response) => {
    if (!isCut(request.url)) {
      const end = once(response, 'close').finally(() => underWay.delete(end));
      underWay.add(end);
    }
    handler(request, response);
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  await listening(server, { type: 'loopback', port });
  return {
    port: portOf(server),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Stops accepting requests.
      for (const session of sessions) session.close();
      await Promise.race([Promise.allSettled(underWay), setTimeout(DRAIN_MS, undefined, { ref: false })]);
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

function listening(server: NetServer, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (thrown: unknown) => reject(explained(thrown, address));
    server.once('error', refuse);
    const begun = () => {
      server.off('error', refuse);
      resolve();
    };
    if (address.type === 'loopback') {
      server.listen({ port: address.port, host: '127.0.0.1' }, begun);
      return;
    }
    // Prevents connections of other users between bind and chmod.
    const before = process.umask(0o177);
    try {
      server.listen({ path: address.file }, () => {
        chmodSync(address.file, SOCKET_MODE);
        begun();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Removes the socket that a killed server of this user left. @throws WfError E_ADDRESS_IN_USE if a process listens or it is no socket */
async function removeStaleSocket(file: string): Promise<void> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket() || found.uid !== ownUser()) {
    throw new WfError('E_ADDRESS_IN_USE', `${file} exists, and is no socket of this user`, {
      hint: 'Choose another path for --socket.',
    });
  }
  if (await isInUse(file)) throw inUse(`the socket ${file}`);
  rmSync(file);
}

/** A busy or stopped server that accepts no connections still owns its socket (EAGAIN). */
function isInUse(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(errnoOf(error) !== 'ECONNREFUSED'));
  });
}

function portOf(server: NetServer): number {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new WfError('E_INTERNAL', 'the server has no port', { hint: 'Report this defect of wf.' });
}

function explained(thrown: unknown, address: ListenAddress): WfError {
  const where = address.type === 'socket' ? `the socket ${address.file}` : `port ${address.port} of 127.0.0.1`;
  switch (errnoOf(thrown)) {
    case 'EADDRINUSE':
      return inUse(where);
    case 'EACCES':
    case 'EPERM':
      return new WfError('E_PERMISSION', `this user may not listen on ${where}`, {
        hint: 'Choose another one with --port or --socket.',
        cause: thrown,
      });
    default: {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return new WfError('E_USAGE', `cannot listen on ${where}: ${why}`, {
        hint: 'Choose another one with --port or --socket.',
        cause: thrown,
      });
    }
  }
}

function inUse(where: string): WfError {
  return new WfError('E_ADDRESS_IN_USE', `a process listens on ${where} already`, {
    hint: 'Choose another one with --port or --socket; --port 0 takes any free port.',
  });
}
