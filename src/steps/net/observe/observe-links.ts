import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { cidrOf, readLinks } from '../../../host/ip/link.ts';
import { readRoutes } from '../../../host/ip/route.ts';
import { placeInput } from '../../place-handle.ts';
import { linkNameSchema } from '../name-schema.ts';
import { namespaceOf, placeName, placeOf, showAt, typedIn } from '../place.ts';

/** Lists links, addresses and routes; with `only` it proves that there are no other links. */
export const observeLinks = defineStep({
  kind: 'net.links',
  description: 'Lists links, addresses and IPv4 routes.',
  input: z.object({
    in: placeInput,
    only: z.array(linkNameSchema).nullable().default(null).describe('names of the only links that may exist'),
  }),
  output: z.object({
    links: z
      .array(
        z.object({
          name: z.string(),
          ifindex: z.number().int(),
          kind: z.string().nullable(),
          mac: z.string().nullable(),
          mtu: z.number().int(),
          up: z.boolean(),
          master: z.string().nullable(),
          peerIfindex: z.number().int().nullable(),
          addresses: z.array(z.string()).describe('addresses with prefix length'),
        }),
      )
      .describe('links, each with its addresses'),
    routes: z
      .array(
        z.object({
          destination: z.string(),
          gateway: z.string().nullable(),
          device: z.string().nullable(),
          metric: z.number().int().nullable(),
          protocol: z.string(),
        }),
      )
      .describe('IPv4 routes of the main table'),
  }),
  commands: ({ in: where }) => [typedIn(where, ['ip', 'address', 'show']), typedIn(where, ['ip', 'route', 'show'])],
  rehearse: () => ({ links: [], routes: [] }),

  async read({ in: where, only }, context) {
    const place = placeOf(where, context.host);
    const namespace = namespaceOf(place, context.host);
    const { command } = context.host;
    const [links, routes] = await Promise.all([
      readLinks(command, namespace),
      readRoutes(command, { family: 'inet', table: 'main' }, namespace),
    ]);
    await showAt(context, [
      [place, ['ip', 'address', 'show']],
      [place, ['ip', 'route', 'show']],
    ]);
    const other = only === null ? undefined : links.find(({ name }) => !only.includes(name));
    if (only !== null && other !== undefined) {
      throw new WfError('E_NOT_PROVEN', `${other.name} ${placeName(place)} is a link beside ${only.join(', ')}`, {
        hint: 'List the links with `ip link`: somebody else, or an earlier step, has created one.',
      });
    }
    return {
      links: links.map(({ name, ifindex, kind, mac, mtu, up, master, peerIfindex, addresses }) => ({
        name,
        ifindex,
        kind,
        mac,
        mtu,
        up,
        master,
        peerIfindex,
        addresses: addresses.map(cidrOf),
      })),
      routes: routes.map(({ destination, gateway, device, metric, protocol }) => ({
        destination,
        gateway,
        device,
        metric,
        protocol,
      })),
    };
  },
});
