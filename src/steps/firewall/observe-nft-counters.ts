import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { containerOrHost } from '../container-handle.ts';
import { placeOf, tryAt, typedIn } from '../net/place.ts';
import { commentSchema, countsSchema, moreThanSchema, provenCounts } from './counts.ts';
import { nftFamilySchema, nftNameSchema } from './nft-text.ts';
import { readNftRules } from './read-nft.ts';

/** Reads the counter of a rule of nftables; with `moreThan` it proves that the rule has matched packets. */
export const observeNftCounters = defineStep({
  kind: 'nft.counters',
  description: 'Reads the counter of a rule of nftables.',
  input: z.object({
    family: nftFamilySchema.describe('family of the table'),
    table: nftNameSchema.describe('table of the chain'),
    chain: nftNameSchema.describe('chain that has the rule'),
    comment: commentSchema,
    moreThan: moreThanSchema,
    container: containerOrHost.describe('container whose network namespace has the chain; null for the host'),
  }),
  output: countsSchema,
  commands: ({ container, family, table, chain }) => [
    typedIn(container, ['nft', 'list', 'chain', family, table, chain]),
  ],
  rehearse: () => ({ packets: 0, bytes: 0 }),

  async read({ family, table, chain, comment, moreThan, container }, context) {
    const place = placeOf(container, context.host);
    const rules = await readNftRules(context, { place, family, table }, chain);
    await tryAt(context, place, ['nft', 'list', 'chain', family, table, chain]);
    const found = rules.flatMap((rule) => (rule.comment === comment && rule.counter !== null ? [rule.counter] : []));
    return provenCounts(found, moreThan, comment, `${family} ${table} ${chain}`);
  },
});
