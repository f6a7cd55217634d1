import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { readNeighbours } from '../../../host/ip/neighbour.ts';
import { placeInput } from '../../place-handle.ts';
import { addressSchema, linkNameSchema } from '../name-schema.ts';
import { namespaceOf, placeName, placeOf, tryAt, typedIn } from '../place.ts';

/** Reads the neighbour table of a link; with `expect` it proves that the link knows a neighbour. */
export const observeNeighbours = defineStep({
  kind: 'net.neighbours',
  description: 'Reads the neighbour table of a link.',
  input: z.object({
    link: linkNameSchema.describe('link name'),
    in: placeInput,
    expect: z
      .strictObject({
        address: addressSchema.describe('address without prefix length'),
        mac: z.string().describe('MAC address'),
      })
      .nullable()
      .default(null)
      .describe('entry that the table must have'),
  }),
  output: z.object({
    neighbours: z
      .array(
        z.object({
          address: z.string(),
          mac: z.string().nullable().describe('MAC address; null while nobody has answered for the address'),
          states: z.array(z.string()),
        }),
      )
      .describe('entries of the neighbour table'),
  }),
  commands: ({ link, in: where }) => [typedIn(where, ['ip', 'neighbour', 'show', 'dev', link])],
  rehearse: () => ({ neighbours: [] }),

  async read({ link, in: where, expect }, context) {
    const place = placeOf(where, context.host);
    const found = await readNeighbours(context.host.command, link, namespaceOf(place, context.host));
    await tryAt(context, place, ['ip', 'neighbour', 'show', 'dev', link]);
    if (expect !== null && !found.some(({ address, mac }) => address === expect.address && mac === expect.mac)) {
      const message = `${link} ${placeName(place)} does not know ${expect.mac} as the neighbour ${expect.address}`;
      throw new WfError('E_NOT_PROVEN', message, { hint: `Inspect its table: \`ip neighbour show dev ${link}\`.` });
    }
    return { neighbours: found.map(({ address, mac, states }) => ({ address, mac, states: [...states] })) };
  },
});
