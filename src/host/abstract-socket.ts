import { WfError } from '../engine/errors.ts';
import { errnoOf } from './errno.ts';

/** A process that is alive answers at once; one that was stopped (SIGSTOP) does not. */
const ANSWER_MS = 300;

/** `silent`: somebody has the name and says nothing. */
export type Answer =
  | { readonly type: 'nobody' }
  | { readonly type: 'silent' }
  | { readonly type: 'said'; readonly text: string };

/** A name that is held until it is closed. */
export interface HeldName {
  close(): void;
}

/**
 * Takes a name and tells `answer` to whoever asks; null where somebody else has it. It is an abstract Unix socket that is
 * listened on: the kernel gives a name to one process of a network namespace at a time, and takes it back when the process
 * ends, however it ends (unix(7), "Abstract sockets"). Holding one does not keep the process alive.
 */
export function takeName(name: string, answer: string): Promise<HeldName | null> {
  return new Promise((resolve, reject) => {
    const server = net().createServer((socket) => {
      socket.on('error', () => socket.destroy()); // who asked has gone away
      socket.end(answer);
    });
    server.on('error', (error) => {
      if (errnoOf(error) === 'EADDRINUSE') resolve(null);
      else reject(unknown(name, error));
    });
    server.listen(address(name), () => resolve(server)).unref();
  });
}

/** Asks who has a name, for at most `timeoutMs`. @throws WfError E_HOST_STATE_UNKNOWN where that cannot be told. */
export function askName(name: string, timeoutMs = ANSWER_MS): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const finish = (answer: Answer): void => {
      socket.destroy();
      resolve(answer);
    };
    const socket = net().connect(address(name));
    socket.setTimeout(timeoutMs, () => finish({ type: 'silent' }));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('end', () => finish(text === '' ? { type: 'nobody' } : { type: 'said', text }));
    socket.on('error', (error) => {
      const errno = errnoOf(error);
      // Reset: whoever had it has ended since.
      if (errno === 'ECONNREFUSED' || errno === 'ECONNRESET') finish({ type: 'nobody' });
      // So many ask already that the queue is full: it does not take them.
      else if (errno === 'EAGAIN') finish({ type: 'silent' });
      else reject(unknown(name, error));
    });
  });
}

/** Node's sockets take a while to load, and a run that touches no host needs none. */
function net() {
  return process.getBuiltinModule('node:net');
}

/**
 * 108 bytes, all that the kernel has room for: libuv before 1.48 (Node 20) fills a shorter name up with zeros, which are part
 * of it, and later ones do not.
 */
function address(name: string): string {
  return `\0${name}`.padEnd(108, '\0');
}

function unknown(name: string, cause: unknown): WfError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WfError('E_HOST_STATE_UNKNOWN', `whether another wf holds ${name} cannot be told: ${why}`, {
    hint: 'wf needs Unix sockets: look at the limit on open files (`ulimit -n`), and try again.',
    cause,
  });
}
