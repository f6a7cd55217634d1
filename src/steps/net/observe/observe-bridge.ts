import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { cidrOf, type Link } from '../../../host/ip/link.ts';
import { type PlaceHandle, placeHandleSchema, placeInput } from '../../place-handle.ts';
import { linksAt, requireNamed } from '../link-target.ts';
import { addressSchema, linkNameSchema } from '../name-schema.ts';
import { inNamespaceOf, type Place, placeOf, showAt, typedIn } from '../place.ts';

interface ContainerLinks {
  readonly container: PlaceHandle;
  readonly links: readonly Link[];
}

/** Reads the ports of a bridge and the container interface at the other end of each. */
export const observeBridge = defineStep({
  kind: 'net.bridge',
  description: 'Reads the ports of a bridge and the container interface at the other end of each.',
  input: z.object({
    bridge: linkNameSchema.describe('bridge name'),
    containers: z
      .array(placeHandleSchema)
      .describe('containers and named namespaces to search for the other end of each port'),
    gateway: addressSchema
      .nullable()
      .default(null)
      .describe('address that the bridge must have, without prefix length'),
    in: placeInput,
  }),
  output: z.object({
    name: z.string().describe('bridge name'),
    ifindex: z.number().int().describe('interface index'),
    mac: z.string().describe('MAC address'),
    mtu: z.number().int().describe('MTU in bytes'),
    up: z.boolean().describe('administrative state'),
    addresses: z.array(z.string()).describe('addresses with prefix length'),
    ports: z
      .array(
        z.object({
          link: z.string(),
          ifindex: z.number().int(),
          peer: z
            .object({ container: z.string(), link: z.string(), ifindex: z.number().int() })
            .nullable()
            .describe('other end of the port; null if it is in none of the given containers'),
        }),
      )
      .describe('ports of the bridge'),
  }),
  commands: ({ bridge, containers, in: where }) => [
    typedIn(where, ['ip', 'address', 'show', 'dev', bridge]),
    typedIn(where, ['ip', 'link', 'show', 'master', bridge]),
    typedIn(where, ['bridge', 'link', 'show']),
    ...containers.map((container) => typedIn(container, ['ip', 'link', 'show'])),
  ],
  rehearse: ({ bridge }) => ({
    name: bridge,
    ifindex: 1,
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    up: true,
    addresses: [],
    ports: [],
  }),

  async read({ bridge: name, containers, gateway, in: where }, context) {
    const place = placeOf(where, context.host);
    const [links, ...inside] = await Promise.all([
      linksAt(context, place),
      ...containers.map((container) => linksAt(context, inNamespaceOf(container))),
    ]);
    const bridge = requireNamed(links, place, name);
    const inContainers = containers.map((container, position) => ({ container, links: inside[position] ?? [] }));
    await showAt(context, [
      [place, ['ip', 'address', 'show', 'dev', bridge.name]],
      [place, ['ip', 'link', 'show', 'master', bridge.name]],
      [place, ['bridge', 'link', 'show']],
      ...containers.map((container): [Place, Argv] => [inNamespaceOf(container), ['ip', 'link', 'show']]),
    ]);
    if (gateway !== null && !bridge.addresses.some(({ address }) => address === gateway)) {
      throw new WfError('E_NOT_PROVEN', `the bridge ${name} does not hold the gateway address ${gateway}`, {
        hint: `List its addresses with \`ip address show dev ${name}\`.`,
      });
    }
    return {
      name: bridge.name,
      ifindex: bridge.ifindex,
      mac: bridge.mac ?? '',
      mtu: bridge.mtu,
      up: bridge.up,
      addresses: bridge.addresses.map(cidrOf),
      ports: links
        .filter((link) => link.master === bridge.name)
        .map((port) => ({ link: port.name, ifindex: port.ifindex, peer: peerOf(port, inContainers) })),
    };
  },
});

/** Finds the interface that names the port as its other end and that the port names as its own: `eth0@if7` and `veth1a2b@if6`. */
function peerOf(port: Link, inContainers: readonly ContainerLinks[]) {
  if (port.kind !== 'veth' || port.peerNamespaceId === null) return null;
  for (const { container, links } of inContainers) {
    const peer = links.find(
      (link) => link.kind === 'veth' && link.ifindex === port.peerIfindex && link.peerIfindex === port.ifindex,
    );
    if (peer !== undefined) return { container: container.name, link: peer.name, ifindex: peer.ifindex };
  }
  return null;
}
