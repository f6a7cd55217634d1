import { connect, type Socket } from 'node:net';
import type { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { Json, JsonObject } from '../../../engine/model/json.ts';
import type { Owner } from '../../../engine/model/owner.ts';
import { privateHostIsGone } from '../../../engine/place/lost-host.ts';
import { runOfPrivateHostMark } from '../../../engine/ports/runtime.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { createPeer, type Peer } from '../protocol/peer.ts';
import { ownSocketOf } from './own-private-host.ts';
import { watchForStop } from './stopped-host.ts';

/** Calls to one private host. */
export interface Connection {
  /** @throws WfError E_NAMESPACE_GONE where it has ended; E_DOCKER without an answer in time, or with one that is not understood. */
  call<Answer extends z.ZodType>(
    name: string,
    asked: JsonObject,
    answer: Answer,
    limitMs?: number,
  ): Promise<z.output<Answer>>;
  close(): void;
}

/** Starting a container takes 0.1 s on an idle machine: far above, so that only a private host that hangs is given up. */
const LIMIT_MS = 60_000;
const CONNECT_LIMIT_MS = 10_000;

/**
 * Calls to the private host with this first process, connected at the first call, and again where the connection was lost.
 * @param first a connection that is there already
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
      throw new WfError('E_DOCKER', `the answer of the private host ${mark} to ${name} is not understood`, {
        hint: 'It was started by another version of wf: go on with that one, or roll the run back.',
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

/** Calls over one connection; it keeps this process alive only while an answer is waited for. */
export function peerOn(socket: Socket, mark: string): Peer {
  let isTakenOver = false;
  const peer = createPeer(socket, {
    who: `the private host ${mark}`,
    handlers: {
      takenOver: () => {
        isTakenOver = true;
        // The end that the private host makes does not show: the process that holds its namespaces has the starter's line open too.
        setImmediate(() => peer.close());
        return null;
      },
    },
    gone: () => (isTakenOver ? takenOver(mark) : privateHostGone(mark)),
    onWaiting: (waiting) => (waiting ? socket.ref() : socket.unref()),
  });
  return peer;
}

/** Another process goes on with the run. */
function takenOver(mark: string): WfError {
  const run = runOfPrivateHostMark(mark);
  return new WfError('E_LEASE_LOST', `another process has taken over run ${run}, and its private host`, {
    hint: `See who advances it with \`wf show ${run}\`.`,
  });
}

/** What runs in it cannot be reached any more: it has ended, and everything that was in it is gone with it. */
export function privateHostGone(mark: string): WfError {
  const run = runOfPrivateHostMark(mark);
  return new WfError('E_NAMESPACE_GONE', `${privateHostIsGone(run)}, and all that was in it`, {
    hint: `\`wf rollback ${run}\` settles what the run did; then start it again.`,
    details: { mark },
  });
}

/** Somebody killed it before it could do anything. */
export function endedAtItsStart(mark: string): WfError {
  const run = runOfPrivateHostMark(mark);
  return new WfError('E_NAMESPACE_GONE', `the private host of run ${run} was killed while it started`, {
    hint: 'Nothing was done on it: try again.',
    details: { mark },
  });
}

/** Whether a call found nobody who answers: a private host that has ended, that is about to, or that does not listen yet. */
export function doesNotAnswer(thrown: unknown): boolean {
  return thrown instanceof WfError && (thrown.code === 'E_NAMESPACE_GONE' || thrown.code === 'E_DOCKER_UNREACHABLE');
}

/** The path leads through the process: what is found there is its own, or another's that has its pid by now. */
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
    hint: `Look at it with \`ps -fp ${pid}\`: it may have been stopped (SIGSTOP).`,
    transient: true,
    cause,
  });
}
