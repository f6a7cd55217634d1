import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { ruleCommentOf, runOfRuleComment } from '../../engine/model/identity/mark.ts';
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
import { nftBodySchema, nftFamilySchema, nftNameSchema } from './nft-text.ts';
import { changeByOthers, findNftTable, readNftTable } from './read-nft.ts';

/** Chain without a hook, which no packet reaches. Its only rule carries the mark, because nft 1.0.6 omits comments of tables in JSON. */
const MARK_CHAIN = 'wf-mark';

const record = z.object({
  place: placeSchema,
  family: nftFamilySchema,
  table: z.string(),
  /** Comment of the rule in the chain `wf-mark`. */
  mark: z.string(),
  /** Handle of the table; null until it is observed. */
  handle: z.number().int().nullable(),
  /** Content of the table, as nft lists it after its creation, as canonical JSON; null until it is observed. */
  content: z.string().nullable(),
});
type TableRecord = z.infer<typeof record>;

/** Creates an nftables table with its chains, sets and rules, in one transaction. */
export const createNftTable = defineStep({
  kind: 'nft.table',
  description: 'Creates a table of nftables with its chains, sets and rules, in one transaction.',
  input: z.object({
    family: nftFamilySchema.describe('family of the table'),
    table: nftNameSchema.describe('name of the table; no table of this family may have it'),
    ruleset: nftBodySchema.describe('chains, sets and rules, as nft lists them between the braces of a table'),
    in: placeInput,
  }),
  output: z.object({
    family: nftFamilySchema.describe('family of the table'),
    table: z.string().describe('name of the table'),
    handle: z.number().int().describe('handle of the table'),
  }),
  record,
  survivesReboot: false,
  alters: ['firewall'],
  commands: ({ family, table, ruleset, in: where }) => [
    typedIn(where, ['nft', transaction(family, table, ruleset, 'wf:RUN:STEP')]),
  ],
  rehearse: ({ family, table }) => ({ family, table, handle: 1 }),
  rehearseUndo: ({ family, table, in: where }) => [typedIn(where, ['nft', 'delete', 'table', family, table])],

  async observe({ family, table, in: where }, context, earlier) {
    const place = placeOf(where, context.host);
    const mark = ruleCommentOf(context.run, context.step);
    const target = `table ${family} ${table} ${placeName(place)}`;
    const intent = { place, family, table, mark, handle: null, content: null };
    const present = await readTable(intent, context);
    if (present === null) return { found: 'absent', target, record: intent };
    const error = present.marks.includes(mark) ? edited(earlier ?? intent, present) : nameInUse(intent, present);
    if (error !== undefined) return { found: 'foreign', error };
    const { handle, content } = present;
    return { found: 'ours', target, record: { ...intent, handle, content }, output: { family, table, handle } };
  },

  async apply({ family, table, ruleset }, plan, _found, context) {
    const text = transaction(family, table, ruleset, plan.mark);
    await runAt(context, plan.place, ['nft', '-f', '-'], ['nft', text], { stdin: text });
    return plan;
  },

  inspect: (made, context) =>
    observeIn(async () => {
      const present = await readTable(made, context);
      if (present === null) return gone(`there is no table ${made.family} ${made.table}`);
      if (!present.marks.includes(made.mark)) return gone(`the table ${made.family} ${made.table} is another one now`);
      const error = edited(made, present);
      return error === undefined ? IN_PLACE : { found: 'unknown', error };
    }),

  undo: (made, context) =>
    undoIn(async () => {
      const present = await readTable(made, context);
      if (present === null || !present.marks.includes(made.mark)) return;
      const error = edited(made, present);
      if (error !== undefined) throw error;
      await runAt(context, made.place, deleteCommand({ ...made, handle: present.handle }));
    }),
  undoCommands: (made) => [typedAt(made.place, deleteCommand(made))],
});

function deleteCommand({ family, table, handle }: TableRecord): Argv {
  return ['nft', 'delete', 'table', family, ...(handle === null ? [table] : ['handle', String(handle)])];
}

/** `create` refuses an existing table; then no part of the transaction takes effect. */
function transaction(family: string, table: string, ruleset: string, mark: string): string {
  const name = `${family} ${table}`;
  const chain = `${name} ${MARK_CHAIN}`;
  return [
    `create table ${name};`,
    `table ${name} {\n${ruleset}\n};`,
    `add chain ${chain};`,
    `add rule ${chain} continue comment "${mark}"`,
  ].join('\n');
}

interface PresentTable {
  readonly handle: number;
  readonly content: string;
  /** Comments in the chain of the mark. */
  readonly marks: readonly string[];
}

async function readTable(made: TableRecord, context: HostContext): Promise<PresentTable | null> {
  const handle = await findNftTable(context, made);
  if (handle === null) return null;
  const { content, rules } = await readNftTable(context, made);
  const marks = rules.flatMap(({ chain, comment }) => (chain === MARK_CHAIN && comment !== null ? [comment] : []));
  return { handle, content, marks };
}

/** Returns the error for a table of the run that somebody else has edited or recreated; undefined if it is unchanged. */
function edited(made: TableRecord, present: PresentTable): WfError | undefined {
  const change = changeByOthers(made, present, 'edited it');
  if (change === undefined) return undefined;
  const { family, table, place } = made;
  return new WfError(
    'E_FOREIGN',
    `table ${family} ${table} ${placeName(place)} is not as the run made it: somebody else has ${change}`,
    { hint: `Inspect it with \`nft list table ${family} ${table}\`, then delete it by hand or keep it.` },
  );
}

function nameInUse({ family, table, place }: TableRecord, { marks }: PresentTable): WfError {
  const [owner] = marks.flatMap((mark) => runOfRuleComment(mark) ?? []);
  const whose = owner === undefined ? 'wf did not create it' : `wf run ${owner} created it`;
  return new WfError('E_NAME_IN_USE', `the table ${family} ${table} exists already ${placeName(place)}: ${whose}`, {
    hint:
      owner === undefined ? 'Choose another name for the table.' : `Undo that run first with \`wf rollback ${owner}\`.`,
  });
}
