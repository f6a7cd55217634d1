import { z } from 'zod';
import { defineStep } from '../../engine/define-step.ts';
import { containerHandleSchema } from '../container-handle.ts';
import { requireLink } from './link-target.ts';
import { linkNameSchema } from './name-schema.ts';
import { placeOf, tryAt, typedIn } from './place.ts';

/** Reads how many packets have gone through a link, on the host or in a container. */
export const observeCounters = defineStep({
  kind: 'net.counters',
  description: 'Reads how many packets have gone through a link.',
  input: z.object({ link: linkNameSchema, container: containerHandleSchema.nullable() }),
  output: z.object({
    link: z.string(),
    rxPackets: z.number().int().nonnegative(),
    txPackets: z.number().int().nonnegative(),
  }),
  commands: ({ link, container }) => [typedIn(container, ['ip', '-statistics', 'link', 'show', 'dev', link])],
  rehearse: ({ link }) => ({ link, rxPackets: 0, txPackets: 0 }),

  async read({ link: name, container }, context) {
    const place = placeOf(container);
    const { counters } = await requireLink(context, place, name);
    await tryAt(context, place, ['ip', '-statistics', 'link', 'show', 'dev', name]);
    return { link: name, rxPackets: counters.rxPackets, txPackets: counters.txPackets };
  },
});
