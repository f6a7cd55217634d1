import { createHash } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import { WfError } from '../engine/errors.ts';
import { parseRunId, type RunId } from '../engine/ids.ts';
import type { ClaimPort } from '../engine/ports/claims.ts';

/** A holder that is alive answers at once; one that was stopped (SIGSTOP) does not. */
const ANSWER_MS = 300;

/**
 * Each claim is an abstract Unix socket that is listened on: the kernel gives a name to one process of a network namespace
 * at a time, and takes it back when the process ends, however it ends (unix(7), "Abstract sockets"). Whoever connects is
 * told the id of the run that holds it.
 */
export const socketClaims: ClaimPort = {
  async hold(claims, run) {
    const held: Server[] = [];
    const release = () => {
      for (const server of held.splice(0)) server.close();
    };
    try {
      // In one order, so that of two processes that want the same names one gets the first, and with it all.
      for (const claim of [...new Set(claims)].sort()) held.push(await take(claim, run));
    } catch (thrown) {
      release();
      throw thrown;
    }
    return { release };
  },
};

async function take(claim: string, run: RunId): Promise<Server> {
  const server = await listen(claim, run);
  if (server !== null) return server;
  const holder = await askHolder(claim);
  // It may have ended between the two questions.
  const again = holder === null ? await listen(claim, run) : null;
  if (again !== null) return again;
  throw inUse(claim, holder);
}

/** Null where somebody else has it. */
function listen(claim: string, run: RunId): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy()); // who asked has gone away
      socket.end(run);
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    // A claim alone does not keep the process alive.
    server.listen(socketName(claim), () => resolve(server)).unref();
  });
}

/** The run that holds a claim; null where nobody says so. */
function askHolder(claim: string): Promise<RunId | null> {
  return new Promise((resolve) => {
    let said = '';
    const finish = () => {
      socket.destroy();
      resolve(parseRunId(said) ?? null);
    };
    const socket = connect(socketName(claim));
    socket.setTimeout(ANSWER_MS, finish);
    socket.on('data', (chunk) => {
      said += chunk.toString();
    });
    socket.on('end', finish);
    socket.on('error', finish);
  });
}

/** A socket's name has at most 107 bytes: hence the hash. */
function socketName(claim: string): string {
  return `\0wf-claim-${createHash('sha256').update(claim).digest('hex').slice(0, 40)}`;
}

function inUse(claim: string, holder: RunId | null): WfError {
  const by = holder === null ? 'another run' : `run ${holder}`;
  return new WfError('E_NAME_IN_USE', `${claim} is claimed by ${by}, which is under way on this host`, {
    hint: 'Wait for that run to end, or choose other names (for the lab: `--input prefix=...`).',
    details: { claim, run: holder },
  });
}
