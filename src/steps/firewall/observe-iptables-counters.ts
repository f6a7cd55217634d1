import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { ruleFacts } from '../../fingerprint/attribution/rule-facts.ts';
import { placeOf, runAt, typedIn } from '../net/place.ts';
import { placeInput } from '../place-handle.ts';
import { commentSchema, countsSchema, moreThanSchema, provenCounts } from './counts.ts';
import { familySchema, type IptablesFamily, iptablesNameSchema } from './iptables-command.ts';

/** A rule in the format of iptables-save, with its counts. */
const RULE = /^\[(\d+):(\d+)\] -A (\S+) (.*)$/gm;

/** Reads the counter of an iptables rule; with `moreThan` it proves that the rule has matched packets. */
export const observeIptablesCounters = defineStep({
  kind: 'iptables.counters',
  description: 'Reads the counter of a rule of iptables or ip6tables.',
  input: z.object({
    family: familySchema,
    table: iptablesNameSchema.default('filter').describe('table of the chain'),
    chain: iptablesNameSchema.describe('chain that has the rule'),
    comment: commentSchema,
    moreThan: moreThanSchema,
    in: placeInput,
  }),
  output: countsSchema,
  commands: ({ family, table, in: where }) => [typedIn(where, save(family, table))],
  rehearse: () => ({ packets: 0, bytes: 0 }),

  async read({ family, table, chain, comment, moreThan, in: where }, context) {
    const argv = save(family, table);
    const { stdout, truncated } = await runAt(context, placeOf(where, context.host), argv);
    if (truncated) {
      throw new WfError('E_HOST_STATE_UNKNOWN', `\`${argv.join(' ')}\`: its output is too long`, {
        hint: 'Read the counter with exec.read.',
      });
    }
    const found = [...stdout.matchAll(RULE)].flatMap(([, packets, bytes, its, rule = '']) =>
      its === chain && ruleFacts(`iptables ${family}`, rule).comments.includes(comment)
        ? [{ packets: Number(packets), bytes: Number(bytes) }]
        : [],
    );
    return provenCounts(found, moreThan, comment, `${family} ${table} ${chain}`);
  },
});

function save(family: IptablesFamily, table: string): Argv {
  return [family === 'ipv4' ? 'iptables-save' : 'ip6tables-save', '--counters', '--table', table];
}
