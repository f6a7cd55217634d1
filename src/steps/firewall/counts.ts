import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';

const count = z.number().int().nonnegative();

/** Counts of a firewall rule. */
export const countsSchema = z.object({
  packets: count.describe('packets that the rule has matched'),
  bytes: count.describe('bytes of these packets'),
});
type Counts = z.infer<typeof countsSchema>;

export const commentSchema = z
  .string()
  .min(1)
  .describe('comment of the rule, such as the one in the output of the step that created it');
export const moreThanSchema = count
  .nullable()
  .default(null)
  .describe('earlier number of packets; the rule must have matched more since');

/**
 * Returns the counts of the only rule with a comment.
 * @param found the counts of all rules with this comment
 * @throws WfError E_STEP_FAILED if there is not exactly one, E_NOT_PROVEN if it has not matched more packets than `moreThan`
 */
export function provenCounts(
  found: readonly Counts[],
  moreThan: number | null,
  comment: string,
  chain: string,
): Counts {
  const [counts, ...others] = found;
  if (counts === undefined || others.length > 0) {
    throw new WfError('E_STEP_FAILED', `${found.length} rules of ${chain} have the comment ${comment} and a counter`, {
      hint: 'Give the comment of exactly one rule; a rule of nft also needs the word `counter`.',
    });
  }
  if (moreThan === null || counts.packets > moreThan) return counts;
  throw new WfError(
    'E_NOT_PROVEN',
    `the rule ${comment} of ${chain} has matched ${counts.packets - moreThan} packets since`,
    {
      hint: 'The packets took another path, or an earlier rule matched them.',
    },
  );
}
