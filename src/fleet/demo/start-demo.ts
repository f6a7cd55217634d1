import { mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { WfError } from '../../engine/model/errors.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import type { CommandPort } from '../../engine/ports/command.ts';
import { runChecked } from '../../host/commands/checked-command.ts';
import { startProgram } from '../../host/processes/start-program.ts';
import { wfProgram } from '../../library/program-files.ts';
import type { FleetControl } from '../fleet-transport.ts';
import { ingressSocket, startRestateServer } from '../restate/restate-server.ts';
import { restateTransport } from '../restate/restate-transport.ts';
import { serveHandlers } from '../restate/serve-handlers.ts';
import { createBridge, createNamespaceHost, onHost } from './namespace-host.ts';

const BRIDGE = 'fleet0';
const RESTATE = '10.77.0.1';
/** Another address of the bridge. */
export const DEMO_GATEWAY = '10.77.0.254';
export const DEMO_URL = `http://${RESTATE}:8080`;
export const DEMO_LABEL = 'role=web';

/** A host of the demo. */
export interface DemoHost {
  readonly name: string;
  readonly address: string;
}
export const DEMO_HOSTS: readonly DemoHost[] = [
  { name: 'web1', address: '10.77.0.11' },
  { name: 'web2', address: '10.77.0.12' },
  { name: 'web3', address: '10.77.0.13' },
];

/** On a tmpfs: the demo writes nothing to a disk. */
const FOLDER = '/run/wf-demo';
const RESTATE_FOLDER = path.join(FOLDER, 'restate');
export const DEMO_SOCKET = ingressSocket(RESTATE_FOLDER);
/** The history of the operator. */
export const DEMO_DATABASE = path.join(FOLDER, 'operator.db');

const MOUNT = ['mount', '--no-mtab', '-t', 'tmpfs', '-o', 'mode=755', 'wf', '/run'] as const;
const LIMIT_MS = 20_000;
const CHECK_MS = 50;
/** Hosts are in the same kernel: an answer takes less than a millisecond. */
const ANSWER_MS = 300;

interface DemoDependencies {
  readonly command: CommandPort;
  readonly clock: Clock;
  /** Program of the Restate server. */
  readonly server: string;
  /** The one workflow that the hosts permit. */
  readonly workflow: string;
}

/**
 * Starts Restate, the handlers, and three hosts with their agents, in the namespaces of this process. Resolves once all have joined.
 * @throws WfError E_HOST_COMMAND, E_PERMISSION, E_FLEET_UNREACHABLE, E_RUNTIME_UNAVAILABLE
 */
export async function startDemo({ command, clock, server, workflow }: DemoDependencies): Promise<FleetControl> {
  await runChecked(command, MOUNT, { timeoutMs: LIMIT_MS });
  await createBridge(command, BRIDGE, [`${RESTATE}/24`, `${DEMO_GATEWAY}/24`]);
  const admin = '127.0.0.1:9070';
  await Promise.all([
    startRestateServer(server, {
      folder: RESTATE_FOLDER,
      addresses: { ingress: `${RESTATE}:8080`, admin, node: '127.0.0.1:5122' },
      clock,
    }),
    createHosts(command),
  ]);
  // The SDK warns of unsigned requests, but nobody else is in these namespaces.
  await serveHandlers({ port: 9080, address: null, admin: `http://${admin}`, identityKeys: [], warn: () => {} });
  const lost = Promise.race(DEMO_HOSTS.map(({ name }) => runAgent(name, agentArguments(name, workflow))));
  const control = restateTransport(DEMO_URL, clock);
  while ((await control.hosts()).length < DEMO_HOSTS.length) await Promise.race([pause(clock, CHECK_MS), lost]);
  // The list of hosts shows an agent that ends later as silent.
  lost.catch(() => undefined);
  return control;
}

/** Returns the arguments with which a person starts the agent of a host. */
export function agentArguments(name: string, workflow: string): readonly string[] {
  return ['agent', '--fleet', DEMO_URL, '--name', name, '--label', DEMO_LABEL, '--allow', workflow];
}

async function createHosts(command: CommandPort): Promise<void> {
  for (const { name, address } of DEMO_HOSTS) {
    await createNamespaceHost(command, { name, address: `${address}/24`, bridge: BRIDGE });
  }
}

/** Runs the agent of a host. @throws WfError E_RUNTIME_UNAVAILABLE when it has ended */
async function runAgent(name: string, argv: readonly string[]): Promise<never> {
  const cwd = path.join(FOLDER, name);
  mkdirSync(cwd, { mode: 0o700, recursive: true });
  const database = `--db=${path.join(cwd, 'wf.db')}`;
  const agent = startProgram([...onHost(name), process.execPath, wfProgram(), ...argv, database], {
    cwd,
    env: process.env,
    log: path.join(cwd, 'log'),
  });
  throw new WfError('E_RUNTIME_UNAVAILABLE', `the agent of ${name} has ended: ${await agent.end}`, {
    hint: 'Check this machine with `wf doctor`.',
  });
}

/** Whether no host answers a connection, not even by a refusal. */
export async function dropsConnections(clock: Clock): Promise<boolean> {
  const answers = DEMO_HOSTS.map(async ({ address }) => {
    const limit = new AbortController();
    const cancel = clock.after(ANSWER_MS, () => limit.abort());
    try {
      await fetch(`http://${address}:8080`, { signal: limit.signal });
      return true;
    } catch {
      return !limit.signal.aborted;
    } finally {
      cancel();
    }
  });
  return !(await Promise.all(answers)).includes(true);
}
