import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { ruleCommentOf } from '../../engine/model/identity/mark.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { requireSuccess } from '../../host/commands/checked-command.ts';
import { inNamespace, READ_LIMITS } from '../../host/ip/run-ip.ts';
import {
  gone,
  IN_PLACE,
  namespaceOf,
  observeIn,
  placeName,
  placeOf,
  placeSchema,
  runAt,
  typedAt,
  typedIn,
  undoIn,
} from '../net/place.ts';
import { placeInput } from '../place-handle.ts';
import { familySchema, iptables, iptablesNameSchema, iptablesRuleSchema } from './iptables-command.ts';

const record = z.object({
  place: placeSchema,
  family: familySchema,
  table: z.string(),
  chain: z.string(),
  /** Arguments of the rule with its comment, which is the mark: iptables finds and deletes exactly this rule. */
  rule: z.array(z.string()),
});
type RuleRecord = z.infer<typeof record>;

/** Adds a rule to an iptables chain. */
export const addIptablesRule = defineStep({
  kind: 'iptables.rule',
  description: 'Adds a rule to an existing chain of iptables or ip6tables.',
  input: z.object({
    family: familySchema,
    table: iptablesNameSchema.default('filter').describe('table of the chain'),
    chain: iptablesNameSchema.describe('chain that gets the rule'),
    rule: iptablesRuleSchema.describe(
      'matches and target without a comment, such as `["-p", "tcp", "--dport", "80", "-j", "ACCEPT"]`',
    ),
    position: z.enum(['append', 'insert']).describe('`append`: after all other rules; `insert`: before all others'),
    in: placeInput,
  }),
  output: z.object({ comment: z.string().describe('comment of the rule, `wf:RUN:STEP`') }),
  record,
  survivesReboot: false,
  alters: ['firewall'],
  commands: ({ family, table, chain, rule, position, in: where }) => [
    typedIn(where, iptables(family, table, verbOf(position), chain, ...withComment(rule, 'wf:RUN:STEP'))),
  ],
  rehearse: () => ({ comment: 'wf:RUN:STEP' }),

  async observe({ family, table, chain, rule, in: where }, context) {
    const place = placeOf(where, context.host);
    const comment = ruleCommentOf(context.run, context.step);
    const target = `rule ${comment} in ${family} ${table} ${chain} ${placeName(place)}`;
    const intent = { place, family, table, chain, rule: withComment(rule, comment) };
    const found = await findRule(intent, context);
    if (found === 'present') return { found: 'ours', target, record: intent, output: { comment } };
    if (found === 'absent') return { found: 'absent', target, record: intent };
    throw new WfError(
      'E_STEP_FAILED',
      `there is no chain ${chain} in the table ${table} ${placeName(place)} (${family})`,
      {
        hint: `List the chains with \`${iptables(family, table, '-S').join(' ')}\`.`,
      },
    );
  },

  async apply({ position }, made, _found, context) {
    const { place, family, table, chain, rule } = made;
    await runAt(context, place, iptables(family, table, verbOf(position), chain, ...rule));
    return made;
  },

  inspect: (made, context) =>
    observeIn(async () => {
      const found = await findRule(made, context);
      if (found === 'present') return IN_PLACE;
      return gone(found === 'absent' ? 'the rule is gone' : `the chain ${made.chain} is gone`);
    }),

  undo: (made, context) =>
    undoIn(async () => {
      if ((await findRule(made, context)) === 'present') await runAt(context, made.place, deleteCommand(made));
    }),
  undoCommands: (made) => [typedAt(made.place, deleteCommand(made))],
});

function verbOf(position: 'append' | 'insert'): string {
  return position === 'append' ? '-A' : '-I';
}

function withComment(rule: readonly string[], comment: string): string[] {
  return ['-m', 'comment', '--comment', comment, ...rule];
}

function deleteCommand({ family, table, chain, rule }: RuleRecord) {
  return iptables(family, table, '-D', chain, ...rule);
}

/**
 * Finds the rule. `-C` exits with 1 for an absent rule, an absent chain and an unreadable table alike: the listings distinguish them.
 * @throws WfError if the listings cannot be read
 */
async function findRule(made: RuleRecord, context: HostContext): Promise<'present' | 'absent' | 'no chain'> {
  const { place, family, table, chain, rule } = made;
  const run = (verb: string, ...words: readonly string[]) =>
    context.host.command.run(iptables(family, table, verb, ...words), {
      ...READ_LIMITS,
      ...inNamespace(namespaceOf(place, context.host)),
      signal: context.signal,
    });
  const checked = await run('-C', chain, ...rule);
  if (checked.end.type !== 'exited' || checked.end.exitCode !== 1) {
    requireSuccess(checked, READ_LIMITS.timeoutMs);
    return 'present';
  }
  const { end } = await run('-S', chain);
  if (end.type === 'exited' && end.exitCode === 0) return 'absent';
  requireSuccess(await run('-S'), READ_LIMITS.timeoutMs);
  return 'no chain';
}
