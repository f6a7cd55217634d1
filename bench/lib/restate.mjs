// A server of Restate on loopback, from test/servers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { arch } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const SERVERS = new URL('../../test/servers/package.json', import.meta.url);
const LONGEST_START_MS = 60_000;

/** Starts a server with its usual options. A killed one starts again on the same data and ports. */
export async function startRestate(folder) {
  const binary = createRequire(SERVERS).resolve(`@restatedev/restate-server-linux-${arch()}/bin/restate-server`);
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const env = {
    ...{ RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`, RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}` },
    ...{ RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`, RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}` },
    ...{ RESTATE_BASE_DIR: path.join(folder, 'restate'), RESTATE_NODE_NAME: 'wf-bench' },
    ...{ RESTATE_LISTEN_MODE: 'tcp', RESTATE_LOG_FILTER: 'warn', RESTATE_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: '1' },
    // A killed server leaves folders there.
    TMPDIR: folder,
  };
  const server = { url: `http://127.0.0.1:${ingress}`, admin: `http://127.0.0.1:${admin}`, start, kill };
  let child;
  async function start() {
    child = spawn(binary, ['--no-logo'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'ignore'] });
    server.pid = child.pid;
    await Promise.all([isReady(`${server.admin}/health`), isReady(`${server.url}/restate/health`)]);
  }
  async function kill() {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  await start();
  return server;
}

async function isReady(address) {
  for (const since = performance.now(); performance.now() - since < LONGEST_START_MS; await pause(20)) {
    const response = await fetch(address).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error(`${address} is not ready`);
}

/** A port that is free now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
