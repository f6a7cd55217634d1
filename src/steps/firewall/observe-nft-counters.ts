import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { placeOf, tryAt, typedIn } from '../net/place.ts';
import { placeInput } from '../place-handle.ts';
import { commentSchema, countsSchema, moreThanSchema, provenCounts } from './counts.ts';
import { nftFamilySchema, nftNameSchema } from './nft-text.ts';
import { readNftRules } from './read-nft.ts';

/** Reads the counter of an nftables rule; with `moreThan` it proves that the rule has matched packets. */
export const observeNftCounters = defineStep({
  kind: 'nft.counters',
  description: 'Reads the counter of a rule of nftables.',
  input: z.object({
    family: nftFamilySchema.describe('family of the table'),
    table: nftNameSchema.describe('table of the chain'),
    chain: nftNameSchema.describe('chain that has the rule'),
    comment: commentSchema,
    moreThan: moreThanSchema,
    in: placeInput,
  }),
  output: countsSchema,
  commands: ({ in: where, family, table, chain }) => [typedIn(where, ['nft', 'list', 'chain', family, table, chain])],
  rehearse: () => ({ packets: 0, bytes: 0 }),

  async read({ family, table, chain, comment, moreThan, in: where }, context) {
    const place = placeOf(where, context.host);
    const rules = await readNftRules(context, { place, family, table }, chain);
    await tryAt(context, place, ['nft', 'list', 'chain', family, table, chain]);
    const found = rules.flatMap((rule) => (rule.comment === comment && rule.counter !== null ? [rule.counter] : []));
    return provenCounts(found, moreThan, comment, `${family} ${table} ${chain}`);
  },
});
