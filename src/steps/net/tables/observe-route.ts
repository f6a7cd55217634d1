import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { readRouteTo } from '../../../host/ip/route-to.ts';
import { placeInput } from '../../place-handle.ts';
import { addressSchema, linkNameSchema } from '../name-schema.ts';
import { namespaceOf, placeName, placeOf, tryAt, typedIn } from '../place.ts';

/** Asks the kernel which path a packet to an address would take. */
export const observeRoute = defineStep({
  kind: 'net.route-to',
  description: 'Asks the kernel which path a packet to an address would take.',
  input: z.object({
    to: addressSchema.describe('destination address'),
    in: placeInput,
    through: linkNameSchema.nullable().default(null).describe('link that packets must leave through'),
  }),
  output: z.object({
    to: z.string().describe('destination address'),
    gateway: z.string().nullable().describe("gateway; null if the destination is on the link's own network"),
    device: z.string().describe('link that packets leave through'),
    source: z.string().nullable().describe('source address that the kernel chooses'),
  }),
  commands: ({ to, in: where }) => [typedIn(where, ['ip', 'route', 'get', to])],
  rehearse: ({ to, through }) => ({ to, gateway: null, device: through ?? 'eth0', source: null }),

  async read({ to, in: where, through }, context) {
    const place = placeOf(where, context.host);
    const route = await readRouteTo(context.host.command, to, namespaceOf(place, context.host));
    await tryAt(context, place, ['ip', 'route', 'get', to]);
    if (through !== null && route.device !== through) {
      throw new WfError(
        'E_NOT_PROVEN',
        `packets to ${to} leave through ${route.device} ${placeName(place)}, not ${through}`,
        {
          hint: 'Compare the routes with `ip route show`.',
        },
      );
    }
    return route;
  },
});
