import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { placeInput } from '../../place-handle.ts';
import { requireLink } from '../link-target.ts';
import { linkNameSchema } from '../name-schema.ts';
import { placeOf, tryAt, typedIn } from '../place.ts';

const packetCounters = z.object({
  rxPackets: z.number().int().nonnegative().describe('received packets'),
  txPackets: z.number().int().nonnegative().describe('sent packets'),
});

/** Reads the packet counters of a link; with `moreThan` it proves that packets crossed it. */
export const observeCounters = defineStep({
  kind: 'net.counters',
  description: 'Reads the packet counters of a link.',
  input: z.object({
    link: linkNameSchema.describe('link name'),
    in: placeInput,
    moreThan: packetCounters
      .nullable()
      .default(null)
      .describe('earlier reading; packets must have crossed the link in both directions since'),
  }),
  output: packetCounters.extend({ link: z.string().describe('link name') }),
  commands: ({ link, in: where }) => [typedIn(where, ['ip', '-statistics', 'link', 'show', 'dev', link])],
  rehearse: ({ link }) => ({ link, rxPackets: 0, txPackets: 0 }),

  async read({ link: name, in: where, moreThan }, context) {
    const place = placeOf(where, context.host);
    const { counters } = await requireLink(context, place, name);
    await tryAt(context, place, ['ip', '-statistics', 'link', 'show', 'dev', name]);
    const { rxPackets, txPackets } = counters;
    if (moreThan !== null && (rxPackets <= moreThan.rxPackets || txPackets <= moreThan.txPackets)) {
      const came = `${rxPackets - moreThan.rxPackets} packets out of it and ${txPackets - moreThan.txPackets} into it`;
      throw new WfError('E_NOT_PROVEN', `packets did not provably cross ${name} in both directions: ${came}`, {
        hint: `The answer may have taken another path. Compare the routes with \`ip route\` on both sides of ${name}.`,
      });
    }
    return { link: name, rxPackets, txPackets };
  },
});
