import { readlinkSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import process from 'node:process';
import { SOCKET_PATH, STARTER_DESCRIPTOR } from '../protocol/names.ts';
import { takeText } from '../protocol/request-members.ts';
import { Callers } from './callers.ts';
import { Containers } from './containers/containers.ts';
import { NamedHosts } from './named-hosts.ts';
import { Networks } from './network/networks.ts';
import { prepareHost } from './prepare.ts';
import { callsOf } from './serve.ts';

/*
 * The program of a private host: the first process of its PID namespace. When it ends, for any reason, the kernel ends every other
 * process in it, and removes the links and the namespaces. Until `keep` it ends with the process that started it.
 */

// The files that replace those of the machine must be readable in the private host, whatever the umask of wf. Only the user of wf can enter
// the folder of the socket.
process.umask(0o022);

let kept = false;
const networks = new Networks();
const containers = new Containers(networks);
// The private host is useless to its run without one of its hosts.
const hosts = new NamedHosts(() => process.exit(1));
const calls = Object.entries(callsOf(networks, containers));

const callers = new Callers({
  ...Object.fromEntries(calls.map(([name, handler]) => [name, hosts.passingOn(name, handler)])),
  hello,
  provideHost: (asked) => hosts.provide(takeText(asked, 'name'), asked['engine'] === true),
  isKept: () => kept,
  keep() {
    kept = true;
    return null;
  },
});

const prepared = prepareHost().then(
  () =>
    new Promise<void>((resolve, reject) => {
      const server = createServer((connection) => callers.serve(connection));
      server.on('error', reject);
      server.listen(SOCKET_PATH, resolve);
    }),
);

/** Answers once the host is prepared. /proc shows the pids of the machine. */
async function hello() {
  await prepared;
  return { pid: Number(readlinkSync('/proc/self')) };
}

// Nothing reads stderr after the start: a warning of Node must not end this process.
process.stderr.on('error', () => undefined);

// `hello` reports the error.
prepared.catch(() => undefined);
callers.serve(new Socket({ fd: STARTER_DESCRIPTOR, readable: true, writable: true }), () => {
  if (!kept) process.exit(0);
});
