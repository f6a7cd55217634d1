import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import { containerHandleSchema } from '../../container-handle.ts';
import { requireLink } from '../link-target.ts';
import { linkNameSchema } from '../name-schema.ts';
import { placeOf, tryAt, typedIn } from '../place.ts';

const packetCounters = z.object({
  rxPackets: z.number().int().nonnegative(),
  txPackets: z.number().int().nonnegative(),
});

/** Reads how many packets have gone through a link, on the host or in a container; proves with `moreThan` that some have. */
export const observeCounters = defineStep({
  kind: 'net.counters',
  description: 'Reads how many packets have gone through a link.',
  input: z.object({
    link: linkNameSchema,
    container: containerHandleSchema.nullable(),
    /** An earlier reading: fails unless packets have gone through in both directions since. */
    moreThan: packetCounters.nullable().default(null),
  }),
  output: packetCounters.extend({ link: z.string() }),
  commands: ({ link, container }) => [typedIn(container, ['ip', '-statistics', 'link', 'show', 'dev', link])],
  rehearse: ({ link }) => ({ link, rxPackets: 0, txPackets: 0 }),

  async read({ link: name, container, moreThan }, context) {
    const place = placeOf(container, context.host);
    const { counters } = await requireLink(context, place, name);
    await tryAt(context, place, ['ip', '-statistics', 'link', 'show', 'dev', name]);
    const { rxPackets, txPackets } = counters;
    if (moreThan !== null && (rxPackets <= moreThan.rxPackets || txPackets <= moreThan.txPackets)) {
      const came = `${rxPackets - moreThan.rxPackets} packets out of it and ${txPackets - moreThan.txPackets} into it`;
      throw new WfError('E_NOT_PROVEN', `nothing shows that packets crossed ${name} in both directions: ${came}`, {
        hint: `What answered may have taken another way: compare the routes with \`ip route\` on both sides of ${name}.`,
      });
    }
    return { link: name, rxPackets, txPackets };
  },
});
