import { posix } from 'node:path';
import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { evidenceOf } from '../../../engine/model/evidence.ts';
import type { Argv, NamespaceRef } from '../../../engine/ports/command.ts';
import type { NetworkInfo } from '../../../engine/ports/docker.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { readForwarding } from '../../../host/ip/forwarding.ts';
import { readNeighbours } from '../../../host/ip/neighbour.ts';
import { READ_LIMITS } from '../../../host/ip/run-ip.ts';
import { readVxlanLinks, VXLAN_LINKS } from '../../../host/ip/vxlan.ts';
import { nameOrIdSchema, shortId } from '../names.ts';
import { FIRST_VNI, OVERLAY_BRIDGE, vniOf } from './vni.ts';

const LINK = 'vxlan0';

const outputSchema = z.object({
  namespace: z.string().describe('file that keeps the namespace'),
  link: z.string().describe('name of the VXLAN link in it'),
  vni: z.number().int().describe('VXLAN network identifier (VNI)'),
  port: z.number().int().describe('UDP port of the tunnel ends'),
  mtu: z.number().int().describe('MTU in bytes'),
  bridge: z.string().describe('bridge that the link is a port of'),
  fdb: z
    .array(z.object({ mac: z.string(), dst: z.string() }))
    .describe('forwarding entries: the host that has each MAC address'),
  neighbours: z
    .array(z.object({ address: z.string(), mac: z.string() }))
    .describe('neighbour entries: the MAC address of each container on another host'),
});
type Output = z.output<typeof outputSchema>;

/**
 * Reads an overlay network inside the private network namespace in which the engine keeps it; with `expect` it proves that its tables lead
 * to a container on another host.
 */
export const observeOverlay = defineStep({
  kind: 'docker.overlay',
  description:
    'Reads an overlay network in the private network namespace of the engine: VXLAN link, bridge, forwarding and neighbour entries. A container of the host must use it.',
  input: z.object({
    network: nameOrIdSchema.describe('id or name of the network'),
    expect: z
      .strictObject({
        port: z.number().int().describe('UDP port'),
        mtu: z.number().int().describe('MTU in bytes'),
        address: z.string().describe('address of a container on another host'),
        dst: z.string().describe('address of that host'),
      })
      .nullable()
      .default(null)
      .describe('properties that the link must have, and a container that its tables must lead to'),
  }),
  output: outputSchema,
  commands: ({ network }) => inNamespace(`/var/run/docker/netns/1-${network.slice(0, 10)}`),
  rehearse: ({ network, expect }) => ({
    namespace: `/var/run/docker/netns/1-${network.slice(0, 10)}`,
    ...{ link: LINK, vni: FIRST_VNI, port: expect?.port ?? 4789, mtu: expect?.mtu ?? 1450, bridge: OVERLAY_BRIDGE },
    fdb: [{ mac: '02:42:0a:2a:00:04', dst: expect?.dst ?? '10.92.0.2' }],
    neighbours: [{ address: expect?.address ?? '10.42.0.4', mac: '02:42:0a:2a:00:04' }],
  }),

  async read({ network: name, expect }, context) {
    const { command, docker } = context.host;
    const network = await docker.network(name);
    if (network === null) throw notInUse(name);
    if (network.driver !== 'overlay') throw noOverlay(network);
    const namespace = await namespaceOf(network, context);
    const [link] = (await readVxlanLinks(command, namespace)).filter(({ vni }) => vni === vniOf(network));
    await show(namespace, context);
    if (link === undefined || link.bridge === null) throw notInUse(name);
    const [entries, neighbours] = await Promise.all([
      readForwarding(command, namespace),
      readNeighbours(command, link.name, namespace),
    ]);
    const seen: Output = {
      ...{ namespace: namespace.path, link: link.name, vni: link.vni, port: link.port, mtu: link.mtu },
      bridge: link.bridge,
      fdb: entries
        .flatMap(({ ifname, mac, dst }) => (ifname === link.name && dst !== undefined ? [{ mac, dst }] : []))
        .sort((a, b) => a.mac.localeCompare(b.mac)),
      neighbours: neighbours
        .flatMap(({ address, mac }) => (mac === null ? [] : [{ address, mac }]))
        .sort((a, b) => a.address.localeCompare(b.address, undefined, { numeric: true })),
    };
    if (expect !== null) requireExpected(seen, expect, name);
    return seen;
  },
});

/** @throws WfError E_NOT_PROVEN */
function requireExpected(
  { link, port, mtu, fdb, neighbours, namespace }: Output,
  { address, dst, ...expected }: Pick<Output, 'port' | 'mtu'> & { readonly address: string; readonly dst: string },
  network: string,
): void {
  const hint = `Inspect it with \`nsenter --net=${namespace} bridge fdb show dev ${link}\`.`;
  if (port !== expected.port || mtu !== expected.mtu) {
    const properties = (one: Pick<Output, 'port' | 'mtu'>) => `port ${one.port}, MTU ${one.mtu}`;
    throw new WfError(
      'E_NOT_PROVEN',
      `${link} of the overlay network ${network} has ${properties({ port, mtu })}, not ${properties(expected)}`,
      { hint },
    );
  }
  const mac = neighbours.find((one) => one.address === address)?.mac;
  if (fdb.some((entry) => entry.mac === mac && entry.dst === dst)) return;
  throw new WfError(
    'E_NOT_PROVEN',
    `the overlay network ${network} does not know that ${address} is behind the host ${dst}`,
    { hint },
  );
}

/** Commands that a person would type in a namespace. */
const SHOWN: readonly Argv[] = [
  ['ip', ...VXLAN_LINKS],
  ['bridge', 'fdb', 'show', 'dev', LINK],
  ['ip', 'neighbour', 'show', 'dev', LINK],
];

function inNamespace(path: string): readonly Argv[] {
  return SHOWN.map((argv): Argv => ['nsenter', `--net=${path}`, ...argv]);
}

async function show(namespace: NamespaceRef, { host, record }: HostContext): Promise<void> {
  for (const argv of SHOWN) {
    const result = await host.command.run(argv, { ...READ_LIMITS, namespace });
    record(evidenceOf(result, ['nsenter', `--net=${namespace.path}`, ...argv]));
  }
}

/** Returns the namespace of a network, which the engine keeps beside those of the containers. A container must use the network. */
async function namespaceOf({ id, name }: NetworkInfo, { host: { docker } }: HostContext): Promise<NamespaceRef> {
  for (const { endpoints, sandbox } of await docker.containers()) {
    if (!sandbox || !endpoints.some(({ networkId }) => networkId === id)) continue;
    return { path: posix.join(posix.dirname(sandbox), `1-${id.slice(0, 10)}`), inode: null, process: null };
  }
  throw notInUse(name);
}

function notInUse(name: string): WfError {
  return new WfError('E_STEP_FAILED', `no running container of this host uses the overlay network ${name}`, {
    hint: 'An engine has the network only while one of its containers uses it: start one first.',
  });
}

function noOverlay({ id, name, driver }: NetworkInfo): WfError {
  return new WfError('E_STEP_FAILED', `network ${name} (${shortId(id)}) has the driver ${driver}, not overlay`, {
    hint: 'List the networks with `docker network ls`.',
  });
}
