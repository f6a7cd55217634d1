import { expect, vi } from 'vitest';
import { removeEngine, startDaemon, stopDaemon } from '../engines/engine.ts';
import { type OwnEngine, openOwnEngine } from '../engines/own-engine.ts';
import { tool } from '../host/host-state.ts';
import { fixture, type OpenCase } from './open-case.ts';
import { WITHOUT_DOCKER } from './place.ts';

const ADDRESSES = ['10.92.0.1', '10.92.0.2'] as const;

/** The steps of a swarm on two given engines, whose namespaces a cable joins. */
export async function swarmOnGivenEngines(): Promise<OpenCase> {
  const engines = await Promise.all([openOwnEngine(), openOwnEngine()] as const);
  const [alpha, beta] = engines;
  await joinByCable(engines);
  return {
    tested: {
      workflow: fixture('swarm'),
      input: { hosts: engines.map(given).join(), manager: ADDRESSES[0], worker: ADDRESSES[1] },
      runtime: 'docker',
      through: WITHOUT_DOCKER,
      observe: () => Promise.all(engines.map(stateOf)),
    },
    foreign: {
      "somebody's swarm on the first host": foreignSwarm(alpha),
      "somebody's swarm on the second host": foreignSwarm(beta),
    },
    async reboot() {
      await Promise.all(engines.map(({ engine }) => stopDaemon(engine, 'SIGKILL')));
      // The kernel forgets bridges; an engine makes those of its networks again.
      await Promise.all(engines.map(({ at }) => at('ip', 'link', 'delete', 'docker_gwbridge').catch(() => {})));
      await Promise.all(engines.map(({ engine }) => startDaemon(engine)));
    },
    close: async () => void (await Promise.all(engines.map(({ engine }) => removeEngine(engine)))),
  };
}

const given = ({ engine: { dockerHost, namespace } }: OwnEngine) => `${dockerHost}@/run/netns/${namespace}`;

async function joinByCable([alpha, beta]: readonly [OwnEngine, OwnEngine]): Promise<void> {
  const { namespace } = alpha.engine;
  const peer = ['peer', 'name', 'under0', 'netns', beta.engine.namespace];
  await tool('ip', '-n', namespace, 'link', 'add', 'under0', 'type', 'veth', ...peer);
  for (const [index, { at }] of [alpha, beta].entries()) {
    await at('ip', 'address', 'add', `${ADDRESSES[index]}/24`, 'dev', 'under0');
    await at('ip', 'link', 'set', 'under0', 'up');
  }
}

/**
 * Returns the state without ids, which each swarm and each network has of its own, and without the ingress network, which an engine makes
 * in the background.
 */
async function stateOf({ at }: OwnEngine): Promise<unknown> {
  const swarm = await at('docker', 'info', '--format', '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}');
  const nodes = swarm.endsWith('true')
    ? await at('docker', 'node', 'ls', '--format', '{{.Status}} {{.Availability}} {{.ManagerStatus}}')
    : '';
  const networks = await at('docker', 'network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}');
  const links = await at('ip', '-brief', 'link', 'show');
  const rules = await at('iptables-save');
  const lines = (text: string) => text.split('\n').toSorted();
  return {
    swarm,
    nodes: lines(nodes),
    networks: lines(networks).filter((line) => !line.startsWith('ingress ')),
    links: lines(links).flatMap((line) => line.match(/^(?!veth)[^ @]+/)?.[0] ?? []),
    rules: lines(rules)
      .filter((line) => line.startsWith('-'))
      // An engine takes the next free range for each network.
      .map((line) =>
        line.replaceAll(/veth\w+/g, 'veth').replaceAll(/-s \S+ ! -o docker_gwbridge/g, '-s RANGE ! -o docker_gwbridge'),
      ),
  };
}

/** A swarm of somebody else; the bridge network, which a swarm leaves behind, goes with it. */
function foreignSwarm({ at }: OwnEngine) {
  return {
    async put() {
      await at('docker', 'swarm', 'init', '--advertise-addr', '127.0.0.1');
      // The engine makes it in the background, and gives its networks a part in it.
      await vi.waitFor(
        async () => expect(await at('docker', 'network', 'inspect', 'docker_gwbridge')).toContain('ingress'),
        10_000,
      );
    },
    async remove() {
      await at('docker', 'swarm', 'leave', '--force');
      await vi.waitFor(() => at('docker', 'network', 'rm', 'docker_gwbridge'), 10_000);
    },
  };
}
