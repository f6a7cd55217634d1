import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { ruleCommentOf } from '../../engine/model/identity/mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import {
  gone,
  IN_PLACE,
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
import { nftFamilySchema, nftNameSchema, nftRuleSchema } from './nft-text.ts';
import { changeByOthers, type NftRule, readNftChains, readNftRules } from './read-nft.ts';

const record = z.object({
  place: placeSchema,
  family: nftFamilySchema,
  table: z.string(),
  chain: z.string(),
  /** Comment of the rule. */
  mark: z.string(),
  /** Handle of the rule; null until it is observed. */
  handle: z.number().int().nullable(),
  /** Expressions of the rule, as nft lists them after its creation; null until they are observed. */
  content: z.string().nullable(),
});
type RuleRecord = z.infer<typeof record>;

/** Adds a rule to an nftables chain that somebody else created. */
export const addNftRule = defineStep({
  kind: 'nft.rule',
  description: 'Adds a rule to an existing chain of nftables.',
  input: z.object({
    family: nftFamilySchema.describe('family of the table'),
    table: nftNameSchema.describe('table of the chain'),
    chain: nftNameSchema.describe('chain that gets the rule'),
    rule: nftRuleSchema.describe('rule without a comment, such as `tcp dport 8080 counter accept`'),
    position: z.enum(['append', 'insert']).describe('`append`: after all other rules; `insert`: before all others'),
    in: placeInput,
  }),
  output: z.object({
    handle: z.number().int().describe('handle of the rule'),
    comment: z.string().describe('comment of the rule, `wf:RUN:STEP`'),
    packets: z.number().int().nullable().describe('packets that it has counted; null if it has no counter'),
    bytes: z.number().int().nullable().describe('bytes that it has counted; null if it has no counter'),
  }),
  record,
  survivesReboot: false,
  alters: ['firewall'],
  commands: (input) => [typedIn(input.in, addCommand(input, 'wf:RUN:STEP'))],
  rehearse: () => ({ handle: 1, comment: 'wf:RUN:STEP', packets: 0, bytes: 0 }),

  async observe({ family, table, chain, in: where }, context, earlier) {
    const place = placeOf(where, context.host);
    const mark = ruleCommentOf(context.run, context.step);
    const target = `rule ${mark} in ${family} ${table} ${chain} ${placeName(place)}`;
    const intent = { place, family, table, chain, mark, handle: null, content: null };
    const present = await findRule(intent, context);
    if (present === 'no chain') throw noSuchChain(intent);
    if (present === undefined) {
      if (await isOfIptables(intent, context)) throw chainOfIptables(intent);
      return { found: 'absent', target, record: intent };
    }
    const error = edited(earlier ?? intent, present);
    if (error !== undefined) return { found: 'foreign', error };
    const { handle, content, counter } = present;
    const counts = { packets: counter?.packets ?? null, bytes: counter?.bytes ?? null };
    const output = { handle, comment: mark, ...counts };
    return { found: 'ours', target, record: { ...intent, handle, content }, output };
  },

  async apply(input, plan, _found, context) {
    await runAt(context, plan.place, addCommand(input, plan.mark));
    return plan;
  },

  inspect: (made, context) =>
    observeIn(async () => {
      const present = await findRule(made, context);
      if (present === 'no chain') return gone(`the chain ${made.family} ${made.table} ${made.chain} is gone`);
      if (present === undefined) return gone(`the rule ${made.mark} is gone`);
      const error = edited(made, present);
      return error === undefined ? IN_PLACE : { found: 'unknown', error };
    }),

  undo: (made, context) =>
    undoIn(async () => {
      const present = await findRule(made, context);
      if (present === 'no chain' || present === undefined) return;
      const error = edited(made, present);
      if (error !== undefined) throw error;
      await runAt(context, made.place, deleteCommand(made, present.handle));
    }),
  undoCommands: (made) => (made.handle === null ? [] : [typedAt(made.place, deleteCommand(made, made.handle))]),
});

interface NewRule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
  readonly position: 'append' | 'insert';
}

function addCommand({ family, table, chain, rule, position }: NewRule, mark: string): Argv {
  const verb = position === 'insert' ? 'insert' : 'add';
  return ['nft', verb, 'rule', family, table, chain, `${rule} comment "${mark}"`];
}

function deleteCommand({ family, table, chain }: RuleRecord, handle: number): Argv {
  return ['nft', 'delete', 'rule', family, table, chain, 'handle', String(handle)];
}

/** Returns the rule with the mark. @throws WfError E_FOREIGN if several rules carry it */
async function findRule(made: RuleRecord, context: HostContext): Promise<NftRule | undefined | 'no chain'> {
  const chains = await readNftChains(context, made);
  if (!chains.includes(made.chain)) return 'no chain';
  const rules = await readNftRules(context, made, made.chain);
  const [rule, ...copies] = rules.filter(({ comment }) => comment === made.mark);
  if (copies.length === 0) return rule;
  throw new WfError('E_FOREIGN', `${copies.length + 1} rules of ${chainName(made)} carry the mark ${made.mark}`, {
    hint: `Somebody copied the rule: delete the copies, which \`nft -a list chain ${chainName(made)}\` shows.`,
  });
}

/** Returns the error for a rule of the run that somebody else has edited or recreated; undefined if it is unchanged. */
function edited(made: RuleRecord, present: NftRule): WfError | undefined {
  const change = changeByOthers(made, present, 'replaced it');
  if (change === undefined) return undefined;
  return new WfError(
    'E_FOREIGN',
    `the rule ${made.mark} in ${chainName(made)} is not as the run made it: somebody else has ${change}`,
    { hint: `Inspect it with \`nft -a list chain ${chainName(made)}\`, then delete it by its handle or keep it.` },
  );
}

const IPTABLES_TABLES = new Set(['filter', 'nat', 'mangle', 'raw', 'security']);
const IPTABLES_CHAINS = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);

/** Returns whether iptables-nft uses the table: it cannot list a table with rules of nft, and Docker then fails. */
async function isOfIptables(made: RuleRecord, context: HostContext): Promise<boolean> {
  if (!(made.family === 'ip' || made.family === 'ip6') || !IPTABLES_TABLES.has(made.table)) return false;
  return (await readNftChains(context, made)).some((chain) => IPTABLES_CHAINS.has(chain));
}

function chainOfIptables(made: RuleRecord): WfError {
  return new WfError('E_STEP_FAILED', `${chainName(made)} is a chain of iptables, which cannot list rules of nft`, {
    hint: 'Use the step runner iptables.rule.',
  });
}

function noSuchChain(made: RuleRecord): WfError {
  return new WfError('E_STEP_FAILED', `there is no chain ${chainName(made)} ${placeName(made.place)}`, {
    hint: 'List the chains with `nft list chains`.',
  });
}

function chainName({ family, table, chain }: RuleRecord): string {
  return `${family} ${table} ${chain}`;
}
