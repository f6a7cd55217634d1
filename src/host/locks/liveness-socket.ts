import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../machine/errno.ts';

/** Longest wait for the kernel, which also answers for a stopped process and for a full queue. */
const ANSWER_MS = 1_000;

const own = new Map<string, Promise<string>>();

/**
 * Opens a socket in the folder on which this process listens until it ends, and returns its unique name. After that the kernel
 * refuses connections to it.
 * Node (20: libuv 1.46) starts a child with fork and execve. Between the two, the child has wf's environment, not its own mark,
 * and wf's open files, the listening socket included, which execve closes (SOCK_CLOEXEC). If wf is killed at that moment, the
 * child keeps the socket open until execve. So a scan for marks after that misses no child of an earlier owner.
 */
export function openLivenessSocket(folder: string): Promise<string> {
  const known = own.get(folder) ?? listen(folder, `${randomBytes(12).toString('hex')}.socket`);
  own.set(folder, known);
  return known;
}

function listen(folder: string, name: string): Promise<string> {
  const at = path.join(folder, name);
  return new Promise((resolve, reject) => {
    const server = net().createServer((socket) => socket.destroy());
    server.on('error', (error) => reject(unknown(at, error)));
    server
      .listen(at, () => {
        process.once('exit', () => rmSync(at, { force: true }));
        resolve(name);
      })
      .unref();
  });
}

/** Returns whether the process of this socket is alive. Reads nothing from it. @throws WfError E_HOST_STATE_UNKNOWN */
export function isLivenessSocketOpen(folder: string, name: string): Promise<boolean> {
  const at = path.join(folder, name);
  return new Promise((resolve, reject) => {
    const socket = net().connect(at);
    const finish = (isUp: boolean) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.setTimeout(ANSWER_MS, () => finish(true));
    socket.on('connect', () => finish(true));
    socket.on('error', (error) => {
      const errno = errnoOf(error);
      if (errno === 'ECONNREFUSED' || errno === 'ENOENT') finish(false);
      // The queue is full, or the owner has just closed the connection.
      else if (errno === 'EAGAIN' || errno === 'ECONNRESET') finish(true);
      else reject(unknown(at, error));
    });
  });
}

/** Loaded lazily: a run that touches no host needs no sockets. */
function net() {
  return process.getBuiltinModule('node:net');
}

function unknown(at: string, cause: unknown): WfError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WfError('E_HOST_STATE_UNKNOWN', `${at}: cannot check whether another wf has the lock: ${why}`, {
    hint: 'Check the limit on open files (`ulimit -n`), and try again: wf needs Unix sockets.',
    cause,
  });
}
