import { z } from 'zod';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { cidrOf, readLinks } from '../../../host/ip/link.ts';
import { readRoutes } from '../../../host/ip/route.ts';
import { placeInput } from '../../place-handle.ts';
import { namespaceOf, placeOf, showAt, typedIn } from '../place.ts';

export const observeLinks = defineStep({
  kind: 'net.links',
  description: 'Lists links, addresses and IPv4 routes.',
  input: z.object({ in: placeInput }),
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

  async read({ in: where }, context) {
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
