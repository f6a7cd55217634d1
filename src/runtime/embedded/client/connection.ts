import { connect, type Socket } from 'node:net';
import type { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { Owner } from '../../../engine/model/identity/owner.ts';
import type { Json, JsonObject } from '../../../engine/model/json.ts';
import { privateHostIsGone } from '../../../engine/place/lost-host.ts';
import { runOfPrivateHostMark } from '../../../engine/ports/runtime.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { createPeer, type Peer } from '../protocol/peer.ts';
import { ownSocketOf } from './own-private-host.ts';
import { watchForStop } from './stop-detector.ts';

/** Connection for calls to one private host. */
export interface Connection {
  /**
   * Makes a call.
   * @throws WfError E_NAMESPACE_GONE if the private host has ended; E_DOCKER without a valid answer in time.
   */
  call<Answer extends z.ZodType>(
    name: string,
    asked: JsonObject,
    answer: Answer,
    limitMs?: number,
  ): Promise<z.output<Answer>>;
  close(): void;
}

/** Far above the 0.1 s of a container start on an idle machine, so that only a hanging private host exceeds it. */
const LIMIT_MS = 60_000;
const CONNECT_LIMIT_MS = 10_000;

/**
 * Creates a connection to the private host with this first process; it connects at the first call, and again after a loss.
 * @param first an existing connection
 */
export function createConnection(mark: string, owner: Owner, first?: Peer): Connection {
  let peer = first === undefined ? undefined : Promise.resolve(first);
  const watch = watchForStop(mark, owner);

  async function open(): Promise<Peer> {
    const known = await peer?.catch(() => undefined);
    if (known !== undefined && !known.isGone()) return known;
    peer = connectTo(mark, owner).then((socket) => peerOn(socket, mark));
    return await peer;
  }

  return {
    async call(name, asked, schema, limitMs = LIMIT_MS) {
      const answer: Json = await watch.during((await open()).call(name, asked, limitMs));
      const parsed = schema.safeParse(answer);
      if (parsed.success) return parsed.data;
      throw new WfError('E_DOCKER', `unexpected answer of private host ${mark} to ${name}`, {
        hint: 'Use the version of wf that started it, or roll the run back.',
        details: { why: parsed.error.message },
      });
    },
    close() {
      peer?.then(
        (opened) => opened.close(),
        () => undefined,
      );
      peer = undefined;
    },
  };
}

/** Makes calls over one connection; it keeps this process alive only during a call. */
export function peerOn(socket: Socket, mark: string): Peer {
  let isTakenOver = false;
  const peer = createPeer(socket, {
    who: `the private host ${mark}`,
    handlers: {
      takenOver: () => {
        isTakenOver = true;
        // This is the only sign that the private host has ended: the process that keeps its namespaces open also has the starter's
        // connection open.
        setImmediate(() => peer.close());
        return null;
      },
    },
    gone: () => (isTakenOver ? takenOver(mark) : privateHostGone(mark)),
    onWaiting: (waiting) => (waiting ? socket.ref() : socket.unref()),
  });
  return peer;
}

/** Returns the error for a run that another process has taken over. */
function takenOver(mark: string): WfError {
  const run = runOfPrivateHostMark(mark);
  return new WfError('E_LEASE_LOST', `another process has taken over run ${run}, and its private host`, {
    hint: `See which process advances it with \`wf show ${run}\`.`,
  });
}

/** Returns the error for a private host that has ended with everything in it. */
export function privateHostGone(mark: string): WfError {
  const run = runOfPrivateHostMark(mark);
  return new WfError('E_NAMESPACE_GONE', `${privateHostIsGone(run)}, and everything in it`, {
    hint: `Settle the run with \`wf rollback ${run}\`, then start it again.`,
    details: { mark },
  });
}

/** Returns the error for a private host that was killed before it did anything. */
export function endedAtItsStart(mark: string): WfError {
  const run = runOfPrivateHostMark(mark);
  return new WfError('E_NAMESPACE_GONE', `the private host of run ${run} was killed while it started`, {
    hint: 'Try again: the run did nothing on it.',
    details: { mark },
  });
}

/** Returns whether a call reached no private host: it has ended, is about to end, or does not listen yet. */
export function doesNotAnswer(thrown: unknown): boolean {
  return thrown instanceof WfError && (thrown.code === 'E_NAMESPACE_GONE' || thrown.code === 'E_DOCKER_UNREACHABLE');
}

/** Connects to the socket below /proc of the process, which may be that of another process with its pid by now. */
async function connectTo(mark: string, owner: Owner): Promise<Socket> {
  try {
    const socket = await connectedTo(ownSocketOf(owner.pid));
    if (isAlive(owner)) return socket;
    socket.destroy();
  } catch (thrown) {
    if (isAlive(owner)) throw thrown instanceof WfError ? thrown : noAnswer(owner, thrown);
  }
  throw privateHostGone(mark);
}

async function connectedTo(path: string): Promise<Socket> {
  const socket = connect(path);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(CONNECT_LIMIT_MS, () => reject(new Error('it does not answer')));
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.setTimeout(0);
    return socket;
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
}

function noAnswer({ pid }: Owner, cause: unknown): WfError {
  return new WfError('E_DOCKER_UNREACHABLE', `the private host with the first process ${pid} does not answer`, {
    hint: `Check with \`ps -fp ${pid}\` whether it was stopped (SIGSTOP).`,
    transient: true,
    cause,
  });
}
