// A server of PostgreSQL on loopback with its usual options, as an ordinary user.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './restate.mjs';

/** The folder in which Debian installs versions of PostgreSQL. */
const VERSIONS = '/usr/lib/postgresql';
const LONGEST_START_MS = 60_000;
const USER = 'postgres';

/** Returns the folder of the programs of the newest version; undefined if none is installed. */
export function findPostgres() {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).map(Number) : [];
  return versions.length === 0 ? undefined : path.join(VERSIONS, String(Math.max(...versions)), 'bin');
}

/** PostgreSQL refuses to run as root. */
function ordinaryUser() {
  if (process.getuid() !== 0) return {};
  const idOf = (option) => Number(execFileSync('id', [option, USER]));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** Starts a server. A killed one starts again on the same data and port. */
export async function startPostgres(folder) {
  const programs = findPostgres();
  const user = ordinaryUser();
  const home = path.join(folder, 'postgres');
  const data = path.join(home, 'data');
  const passwordFile = path.join(home, 'password');
  const password = randomBytes(12).toString('hex');
  mkdirSync(home);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined) {
    chmodSync(folder, 0o711);
    for (const each of [home, passwordFile]) chownSync(each, user.uid, user.gid);
  }
  const init = [
    '-D',
    data,
    '-U',
    USER,
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--locale=C',
  ];
  execFileSync(path.join(programs, 'initdb'), init, { ...user, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });

  const port = await freePort();
  const urlFile = path.join(home, 'url');
  writeFileSync(urlFile, `postgresql://${USER}:${password}@127.0.0.1:${port}/postgres`, { mode: 0o600 });
  const server = { urlFile, start, kill, pids };
  let postmaster;
  async function start() {
    const argv = ['-D', data, '-k', home, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'];
    const options = { ...user, cwd: home, stdio: ['ignore', 'ignore', 'ignore'] };
    for (const since = performance.now(); performance.now() - since < LONGEST_START_MS; await pause(20)) {
      // A server ends at once while a process of a killed one still has the shared memory.
      if (postmaster === undefined || postmaster.exitCode !== null || postmaster.signalCode !== null) {
        postmaster = spawn(path.join(programs, 'postgres'), argv, options);
      }
      if (await listens(port)) return;
    }
    throw new Error('PostgreSQL is not ready');
  }
  /** Returns the pids of the processes of the server, and that of the server, which counts those that have ended. */
  function pids() {
    const children = readFileSync(`/proc/${postmaster.pid}/task/${postmaster.pid}/children`, 'utf8');
    return [...children.split(' ').filter(Boolean).map(Number), postmaster.pid];
  }
  async function kill() {
    const ended = once(postmaster, 'exit');
    // The server is killed first: it would start its processes again.
    for (const pid of pids().reverse()) process.kill(pid, 'SIGKILL');
    await ended;
  }
  // Its processes end with it, and it removes its shared memory.
  process.on('exit', () => postmaster?.kill('SIGQUIT'));
  await start();
  return server;
}

/** Returns whether a server listens. It listens before it has recovered, and lets its clients wait. */
async function listens(port) {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
