import { readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import { WfError } from '../../../engine/model/errors.ts';
import { ENGINE_VARIABLE, HOST_VARIABLE } from '../protocol/engine.ts';
import { STARTER_DESCRIPTOR } from '../protocol/names.ts';
import { createPeer } from '../protocol/peer.ts';
import { Containers } from './containers/containers.ts';
import { startEngine } from './engine.ts';
import { Networks } from './network/networks.ts';
import { prepareNetwork } from './prepare.ts';
import { callsOf } from './serve.ts';

/*
 * The program of a named host: it acts as dockerd in the network namespace in which it was started, or starts a Docker engine there. It
 * ends with the private host.
 */

const HELLO_LIMIT_MS = 30_000;

process.umask(0o022);
const networks = new Networks();
const containers = new Containers(networks);
const privateHost = createPeer(new Socket({ fd: STARTER_DESCRIPTOR, readable: true, writable: true }), {
  who: 'the private host',
  handlers: callsOf(networks, containers),
  gone: () => new WfError('E_DOCKER', 'the private host has ended', { hint: 'Start the run again.' }),
  onGone: () => process.exit(0),
});
// Nothing reads stderr after the start.
process.stderr.on('error', () => undefined);

greet().catch((thrown: unknown) => {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`, () => process.exit(1));
});

/** Sends its pid. /proc shows the pids of the machine. */
async function greet(): Promise<void> {
  const pid = Number(readlinkSync('/proc/self'));
  await prepareNetwork();
  const { [ENGINE_VARIABLE]: cgroup, [HOST_VARIABLE]: host } = process.env;
  if (cgroup !== undefined && host !== undefined) {
    const engine = await startEngine(host, cgroup);
    // The private host ends with this process: it is useless to its run without one of its engines.
    engine.once('exit', () => process.exit(1));
  }
  await privateHost.call('hello', { pid }, HELLO_LIMIT_MS);
}
