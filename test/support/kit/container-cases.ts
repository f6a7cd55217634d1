import { execFileSync } from 'node:child_process';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import type { Argv } from '../../../src/engine/ports/command.ts';
import { hostState, type TestedWorkflow } from '../../../src/testing/index.ts';
import { privateProcessesIn } from '../crash/processes.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../images.ts';
import { fixture, type OpenCase, settled } from './open-case.ts';
import { openPlace } from './place.ts';

type Workflow = Pick<TestedWorkflow, 'workflow' | 'input'>;
type Lab = Pick<OpenCase, 'pauseAfter' | 'sparse'>;

/** A workflow with containers on the Docker engine of the tests, in whose namespace they run. */
function onDocker(workflow: Workflow, name: string, lab: Lab = {}): OpenCase {
  const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim();
  const list = (...args: string[]): Argv => ['docker', ...args, '--format'];
  const links = () => settled(execFileSync('ip', ['-json', 'link', 'show'], { encoding: 'utf8' }));
  const count = () => z.array(z.unknown()).parse(links()).length;
  return {
    tested: {
      ...workflow,
      runtime: 'docker',
      observe: hostState({
        commands: [
          [...list('ps', '--all'), '{{.Names}} {{.Image}} {{.State}}'],
          [...list('network', 'ls'), '{{.Name}} {{.Driver}}'],
        ],
        // Bridges have the ids of their networks.
        also: () => [count(), execFileSync('iptables', ['-S'], { encoding: 'utf8' }).replaceAll(/br-\w+/g, 'BRIDGE')],
      }),
    },
    foreign: {
      'a network of the name': {
        put: () => docker('network', 'create', name),
        remove: () => docker('network', 'rm', name),
      },
    },
    ...lab,
    async reboot() {
      const running = docker('ps', '--quiet');
      const before = count();
      if (running === '') return;
      docker('kill', ...running.split('\n'));
      // The kernel takes their namespaces apart a moment later.
      await vi.waitFor(() => expect(count()).toBeLessThan(before), 10_000);
    },
    close: () => {},
  };
}

/** The same on private hosts; the state is that of the machine, which no run changes. wf itself verifies that of the private host. */
async function onPrivateHosts(workflow: Workflow, lab: Lab = {}): Promise<OpenCase> {
  const place = await openPlace();
  const runs = new Set<string>();
  const hosts = () => privateProcessesIn('/').filter(({ mark }) => runs.has(mark.replace(/-\d+@.*/, '')));
  return {
    tested: {
      ...workflow,
      runtime: 'embedded',
      through: place.through,
      observe(run) {
        runs.add(run.replace(/-\d+$/, ''));
        return settled(place.run(['ip', '-json', 'address', 'show']));
      },
    },
    foreign: {
      'a link of the name on the machine': {
        put: () => place.ip('link add int_hote type bridge'),
        remove: () => place.ip('link delete int_hote'),
      },
    },
    ...lab,
    async reboot() {
      for (const { pid, isFirst } of hosts()) if (isFirst) process.kill(pid, 'SIGKILL');
      await vi.waitFor(() => expect(hosts()).toEqual([]), 10_000);
    },
    close: () => place.close(),
  };
}

const TEST_IMAGES = { image: HTTP_ECHO_IMAGE, probeImage: PROBE_IMAGE };
const SCALE = { networks: 2, hosts: 2 };
const LAB: Lab = { pauseAfter: 'connectivityTest', sparse: 12 };
const SCALE_LAB: Lab = { pauseAfter: 'reachability', sparse: 6 };

export const containersOnDocker = async () =>
  onDocker({ workflow: fixture('containers'), input: { image: PROBE_IMAGE } }, 'kit-net');
export const containersEmbedded = () => onPrivateHosts({ workflow: fixture('containers'), input: { image: 'alpine' } });
export const labOnDocker = async () => onDocker({ workflow: 'lab-network', input: TEST_IMAGES }, 'devops', LAB);
export const labEmbedded = () => onPrivateHosts({ workflow: 'lab-network' }, LAB);
export const overlayEmbedded = () => onPrivateHosts({ workflow: 'lab-overlay' }, { pauseAfter: 'failure', sparse: 12 });
export const scaleOnDocker = async () =>
  onDocker({ workflow: 'lab-scale', input: { ...SCALE, image: HTTP_ECHO_IMAGE } }, 'scale1', SCALE_LAB);
export const scaleEmbedded = () => onPrivateHosts({ workflow: 'lab-scale', input: SCALE }, SCALE_LAB);
