import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../machine/errno.ts';

/** The kernel answers for a process that was stopped; a full queue is answered at once too. */
const ANSWER_MS = 1_000;

const own = new Map<string, Promise<string>>();

/**
 * The name of a socket in the folder that this process listens on until it ends, however it ends. The kernel refuses to connect to it
 * from then on. No name is used twice.
 *
 * Node (20: libuv 1.46) starts a child with fork and execve. In between the child is a copy of wf: it has wf's environment, not its own
 * mark, but also wf's open files, the listening socket among them, which execve closes (SOCK_CLOEXEC). If wf is killed at that moment
 * the copy keeps the sign up until it has become what it was to be. So no scan for marks overlooks a child of an earlier holder.
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

/** Whether the process whose sign this is still lives. Nothing is read from it. @throws WfError E_HOST_STATE_UNKNOWN */
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
      // So many ask already that the queue is full, or the holder has just hung up.
      else if (errno === 'EAGAIN' || errno === 'ECONNRESET') finish(true);
      else reject(unknown(at, error));
    });
  });
}

/** Node's sockets take a while to load, and a run that touches no host needs none. */
function net() {
  return process.getBuiltinModule('node:net');
}

function unknown(at: string, cause: unknown): WfError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WfError('E_HOST_STATE_UNKNOWN', `whether another wf holds a lock cannot be told by ${at}: ${why}`, {
    hint: 'wf needs Unix sockets: look at the limit on open files (`ulimit -n`), and try again.',
    cause,
  });
}
