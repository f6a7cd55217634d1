import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import type { Argv } from '../../../src/engine/ports/command.ts';
import { type Foreign, hostState, type TestedWorkflow } from '../../../src/testing/index.ts';
import { privateProcessesIn } from '../crash/processes.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../engines/images.ts';
import { killIfThere } from '../host/kill.ts';
import { fixture, type OpenCase, scratch, settled } from './open-case.ts';
import { openPlace } from './place.ts';

type Workflow = Pick<TestedWorkflow, 'workflow' | 'input'>;
type Lab = Pick<OpenCase, 'pauseAfter' | 'sparse'>;

const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim();

/** Somebody's object of Docker, with a name that the workflow wants. */
function foreign(kind: 'network' | 'volume', name: string): Foreign {
  return { put: () => docker(kind, 'create', name), remove: () => docker(kind, 'rm', name) };
}

/** Lists that are printed in no fixed order. */
const sorted = (lists: string) =>
  lists.replaceAll(/[\w-]+(?:,[\w-]+)+$/gm, (list) => list.split(',').toSorted().join());

/** Tests beside this one name namespaces: wf would take one that appears meanwhile for a difference that nobody accounts for. */
const HIDE_NAMED_NAMESPACES = 'mkdir -p /run/netns && mount -t tmpfs wf-test /run/netns && exec "$@"';
const WITHOUT_NAMED_NAMESPACES = [
  ...['unshare', '--mount', '--propagation', 'slave', '--'],
  ...['sh', '-c', HIDE_NAMED_NAMESPACES, 'sh'],
];

/** A workflow with containers on the Docker engine of the tests, in whose namespace they run. */
function onDocker(workflow: Workflow, name: string, lab: Lab = {}): OpenCase {
  const list = (...args: string[]): Argv => ['docker', ...args, '--format'];
  const links = () => settled(execFileSync('ip', ['-json', 'link', 'show'], { encoding: 'utf8' }));
  const names = () =>
    z
      .array(z.object({ ifname: z.string() }))
      .parse(links())
      .map(({ ifname }) => ifname);
  const passing = () => names().filter((name) => !/^(?:lo$|docker0$|br-)/.test(name));
  /** The kernel takes the namespaces of removed containers apart a moment later, and their links with them. */
  const linksAtRest = async () => {
    const ends = docker('ps', '--format', '{{.Networks}}').split(/[,\n]/).filter(Boolean);
    await vi.waitFor(() => expect(passing().length).toBeLessThanOrEqual(ends.length), 10_000).catch(() => undefined);
    return names().length;
  };
  return {
    tested: {
      ...workflow,
      runtime: 'docker',
      through: WITHOUT_NAMED_NAMESPACES,
      observe: hostState({
        commands: [
          [...list('ps', '--all'), '{{.Names}} {{.Image}} {{.State}} {{.Ports}} {{.Mounts}}'],
          [...list('network', 'ls'), '{{.Name}} {{.Driver}}'],
          [...list('volume', 'ls'), '{{.Name}} {{.Driver}}'],
        ],
        // Bridges have the ids of their networks.
        also: async () => [
          await linksAtRest(),
          execFileSync('iptables', ['-S'], { encoding: 'utf8' }).replaceAll(/br-\w+/g, 'BRIDGE'),
          sorted(docker('ps', '--all', '--format', '{{.Names}} {{.Networks}}')),
        ],
      }),
    },
    foreign: { 'a network of the name': foreign('network', name) },
    ...lab,
    async reboot() {
      const running = docker('ps', '--quiet');
      if (running !== '') docker('kill', ...running.split('\n'));
      // The engine makes its bridges again.
      await vi.waitFor(() => {
        for (const name of passing()) spawnSync('ip', ['link', 'delete', name], { stdio: 'ignore' });
        expect(passing()).toEqual([]);
      }, 10_000);
    },
    close: () => {},
  };
}

/** The same on private hosts; the state is that of the machine, which no run changes. wf itself verifies that of the private host. */
async function onPrivateHosts(
  workflow: Workflow,
  lab: Lab = {},
  runtime: TestedWorkflow['runtime'] = 'embedded',
): Promise<OpenCase> {
  const place = await openPlace();
  const runs = new Set<string>();
  const hosts = () => privateProcessesIn('/').filter(({ mark }) => runs.has(mark.replace(/-\d+@.*/, '')));
  return {
    tested: {
      ...workflow,
      runtime,
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
      for (const { pid, isFirst } of hosts()) if (isFirst) killIfThere(pid);
      await vi.waitFor(() => expect(hosts()).toEqual([]), 10_000);
    },
    close: () => place.close(),
  };
}

const TEST_IMAGES = { image: HTTP_ECHO_IMAGE, probeImage: PROBE_IMAGE };
const SCALE = { networks: 2, hosts: 2 };
const LAB: Lab = { pauseAfter: 'connectivityTest', sparse: 12 };
const SCALE_LAB: Lab = { pauseAfter: 'reachability', sparse: 6 };

const OTHER = 'kit-other';
const GUEST = 'kit-guest';

/** With a container of somebody else, which the run connects to its network, and which its machine starts. */
export async function containersOnDocker(): Promise<OpenCase> {
  const one = onDocker({ workflow: fixture('containers'), input: { image: PROBE_IMAGE, other: OTHER } }, 'kit-net');
  docker('run', '--detach', '--name', OTHER, PROBE_IMAGE, 'sleep', '6000');
  const mark = () => {
    const { stdout } = spawnSync('docker', ['exec', 'kit-app', 'cat', '/data/mark'], { encoding: 'utf8' });
    return stdout;
  };
  const published = ['--name', GUEST, '--publish', '127.0.0.1:48085:80', PROBE_IMAGE, 'sleep', '600'];
  return {
    ...one,
    tested: { ...one.tested, observe: async (run) => [await one.tested.observe(run), mark()] },
    foreign: {
      ...one.foreign,
      'a volume of the name': foreign('volume', 'kit-data'),
      'the port in use': {
        put: () => docker('run', '--detach', ...published),
        remove: () => docker('rm', '--force', GUEST),
      },
    },
    async reboot() {
      await one.reboot();
      docker('start', OTHER);
    },
    close: () => void docker('rm', '--force', OTHER),
  };
}
export const containersEmbedded = () => onPrivateHosts({ workflow: fixture('containers'), input: { image: 'alpine' } });
export const labOnDocker = async () => onDocker({ workflow: 'lab-network', input: TEST_IMAGES }, 'devops', LAB);
export const labEmbedded = () => onPrivateHosts({ workflow: 'lab-network' }, LAB);
export const overlayEmbedded = () => onPrivateHosts({ workflow: 'lab-overlay' }, { pauseAfter: 'failure', sparse: 12 });

/** With engines that the run starts in its private host, and an image from a file. */
export async function overlayOnDocker(): Promise<OpenCase> {
  const folder = scratch();
  const images = path.join(folder, 'images.tar');
  docker('save', '--output', images, HTTP_ECHO_IMAGE);
  const input = { hosts: 'private', image: HTTP_ECHO_IMAGE, images: [images] };
  const one = await onPrivateHosts({ workflow: 'lab-overlay', input }, { pauseAfter: 'failure', sparse: 12 }, 'docker');
  return {
    ...one,
    async close() {
      await one.close();
      rmSync(folder, { recursive: true });
    },
  };
}
export const scaleOnDocker = async () =>
  onDocker({ workflow: 'lab-scale', input: { ...SCALE, image: HTTP_ECHO_IMAGE } }, 'scale1', SCALE_LAB);
export const scaleEmbedded = () => onPrivateHosts({ workflow: 'lab-scale', input: SCALE }, SCALE_LAB);
