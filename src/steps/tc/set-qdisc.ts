import { z } from 'zod';
import { sha256 } from '../../engine/model/digest.ts';
import { WfError } from '../../engine/model/errors.ts';
import { ruleCommentOf } from '../../engine/model/identity/mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { ChangeState, HostContext } from '../../engine/workflow/step.ts';
import type { Link } from '../../host/ip/link.ts';
import {
  claimedByAnotherRun,
  identityOf,
  isRecorded,
  linkIdentitySchema,
  recordedLink,
  requireLink,
} from '../net/link-target.ts';
import { linkNameSchema } from '../net/name-schema.ts';
import { gone, IN_PLACE, observeIn, placeName, placeOf, runAt, typedAt, typedIn, undoIn } from '../net/place.ts';
import { placeInput } from '../place-handle.ts';
import { childrenOf, contentOf, isDefault, type Qdisc, readQdiscs } from './read-qdiscs.ts';

/** Kinds whose only option is a limit, which tc lists exactly: it rounds rates, bursts and times. */
const RESTORABLE = new Set(['pfifo', 'bfifo', 'pfifo_head_drop']);

const record = linkIdentitySchema.extend({
  parent: z.string(),
  kind: z.string(),
  /** Chosen by the step as the mark of its qdisc: the kernel numbers its own from 8000 on. */
  handle: z.string(),
  /** The previous qdisc, if tc listed one. A null limit means the kernel's default, which a deletion restores. */
  previous: z.object({ kind: z.string(), handle: z.string(), limit: z.number().int().nullable() }).nullable(),
  /** The qdisc and everything attached to it, as tc lists it; null until it is observed. */
  content: z.string().nullable(),
});
type QdiscRecord = z.infer<typeof record>;

/** Gives a link another queueing discipline. */
export const setQdisc = defineStep({
  kind: 'tc.qdisc',
  description: 'Sets the queueing discipline of a link, or of one of its traffic classes.',
  input: z.object({
    link: linkNameSchema.describe('link name'),
    parent: z
      .string()
      .regex(/^(?:root|[0-9a-f]{1,4}:[0-9a-f]{1,4})$/, 'not `root` or a class such as `1:10`')
      .default('root')
      .describe('`root`, or the class that gets it, such as `1:10`'),
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,14}$/, 'not a kind of queueing discipline')
      .describe('kind, such as `netem`, `tbf` or `fq_codel`'),
    options: z.array(z.string().regex(/^\P{Cc}+$/u)).describe('options as tc takes them, such as `["delay", "100ms"]`'),
    handle: z
      .string()
      .regex(/^[0-9a-f]{1,4}:$/, 'not a handle such as `1:`')
      .nullable()
      .default(null)
      .describe('handle, such as `1:`, for classes that are attached to it later; null chooses one'),
    in: placeInput,
  }),
  output: z.object({
    link: z.string().describe('link name'),
    kind: z.string().describe('kind of queueing discipline'),
    handle: z.string().describe('its handle'),
  }),
  record,
  survivesReboot: false,
  alters: ['network'],
  commands: ({ link, parent, handle, kind, options, in: where }) => [
    typedIn(where, tc('replace', { link, parent, handle: handle ?? '1:' }, kind, ...options)),
  ],
  rehearse: ({ link, kind, handle }) => ({ link, kind, handle: handle ?? '1:' }),
  rehearseUndo: ({ link, parent, handle, in: where }) => [
    typedIn(where, tc('delete', { link, parent, handle: handle ?? '1:' })),
  ],

  async observe({ link: name, parent, kind, handle, in: where }, context, earlier) {
    const place = placeOf(where, context.host);
    const link = await requireLink(context, place, name);
    const refusal = claimedByAnotherRun(context, place, link);
    if (refusal !== undefined) return { found: 'foreign', error: refusal };
    const target = `qdisc ${kind} on ${name} ${placeName(place)}`;
    const all = await readQdiscs(context, place, link.name);
    const present = all.find((qdisc) => qdisc.parent === parent);
    const own = earlier !== undefined && isRecorded(link, earlier) && earlier.parent === parent ? earlier : undefined;
    if (own !== undefined) {
      const state = await stateOf(own, link, context);
      if (state.found === 'unknown') return { found: 'foreign', error: state.error };
      if (state.found === 'in place') {
        const output = { link: name, kind, handle: own.handle };
        return { found: 'ours', target, record: { ...own, content: state.content }, output };
      }
    }
    const error = isDefault(present) ? undefined : notRestorable(present, all, name);
    if (error !== undefined) return { found: 'foreign', error };
    const chosen = handle ?? freeHandle(ruleCommentOf(context.run, context.step), all);
    const previous = previousOf(present);
    const intent = { ...identityOf(place, link), parent, kind, handle: chosen, previous, content: null };
    return { found: 'absent', target, record: intent };
  },

  async apply({ kind, options }, plan, _found, context) {
    // `add` fails if somebody attached a qdisc meanwhile.
    const verb = limitBefore(plan) === null ? 'add' : 'replace';
    await runAt(context, plan.place, tc(verb, plan, kind, ...options));
    return plan;
  },

  inspect: (made, context) =>
    observeIn(async (): Promise<ChangeState> => {
      const link = await recordedLink(context, made);
      if (link === null) return gone(`the link ${made.link} is gone`);
      const state = await stateOf(made, link, context);
      return state.found === 'in place' ? IN_PLACE : state;
    }),

  undo: (made, context) =>
    undoIn(async () => {
      const link = await recordedLink(context, made);
      if (link === null) return;
      const state = await stateOf(made, link, context);
      if (state.found === 'unknown') throw state.error;
      if (state.found === 'in place') await runAt(context, made.place, undoCommand({ ...made, link: link.name }));
    }),
  undoCommands: (made) => [typedAt(made.place, undoCommand(made))],
});

type State = Exclude<ChangeState, { found: 'in place' }> | { readonly found: 'in place'; readonly content: string };

/** Returns the state of the recorded qdisc; `unknown` if somebody else has edited or replaced it. */
async function stateOf(made: QdiscRecord, link: Link, context: HostContext): Promise<State> {
  const all = await readQdiscs(context, made.place, link.name);
  const present = all.find(({ parent }) => parent === made.parent);
  if (present?.kind === made.kind && present.handle === made.handle) {
    const content = await contentOf(context, made.place, link.name, present, all);
    if (made.content === null || made.content === content) return { found: 'in place', content };
    return { found: 'unknown', error: byOthers(made, 'edited it, or attached classes or filters to it') };
  }
  const { previous } = made;
  const isAsBefore =
    limitBefore(made) === null
      ? isDefault(present)
      : present?.kind === previous?.kind &&
        present?.handle === previous?.handle &&
        limitOf(present) === previous?.limit;
  if (isAsBefore) return { found: 'gone', reason: `the queueing discipline of ${link.name} is as before` };
  const other = present?.kind ?? 'the default';
  // `add` was refused, or did not run.
  if (made.content === null && limitBefore(made) === null)
    return { found: 'gone', reason: `${link.name} has ${other} of somebody else` };
  return { found: 'unknown', error: byOthers(made, `set ${other} in its place`) };
}

interface Attached {
  readonly link: string;
  readonly parent: string;
  readonly handle: string;
}

function tc(verb: 'add' | 'replace' | 'delete', at: Attached, ...words: readonly string[]): Argv {
  const parent = at.parent === 'root' ? ['root'] : ['parent', at.parent];
  return ['tc', 'qdisc', verb, 'dev', at.link, ...parent, 'handle', at.handle, ...words];
}

function undoCommand(made: QdiscRecord): Argv {
  const { previous } = made;
  const limit = limitBefore(made);
  if (previous === null || limit === null) return tc('delete', made);
  return tc('replace', { ...made, handle: previous.handle }, previous.kind, 'limit', String(limit));
}

/** Returns the limit of the previous qdisc; null if it was the default. */
function limitBefore({ previous }: QdiscRecord): number | null {
  return previous?.limit ?? null;
}

function limitOf(qdisc: Qdisc | undefined): number | null {
  const { limit, ...others } = qdisc?.options ?? {};
  return typeof limit === 'number' && Object.keys(others).length === 0 ? limit : null;
}

function previousOf(present: Qdisc | undefined): QdiscRecord['previous'] {
  if (present === undefined) return null;
  const { kind, handle } = present;
  return { kind, handle, limit: isDefault(present) ? null : limitOf(present) };
}

/** Returns a handle that no qdisc of the link has; always the same one for a step. */
function freeHandle(mark: string, all: readonly Qdisc[]): string {
  const taken = new Set(all.map(({ handle }) => handle));
  let number = 0x1000 + (Number.parseInt(sha256(mark).slice(0, 4), 16) % 0x6000);
  while (taken.has(`${number.toString(16)}:`)) number += 1;
  return `${number.toString(16)}:`;
}

/** Returns the error for a qdisc that wf could not restore exactly; undefined if it could. */
function notRestorable(present: Qdisc | undefined, all: readonly Qdisc[], link: string): WfError | undefined {
  if (present === undefined) return undefined;
  const children = childrenOf(present, all);
  if (RESTORABLE.has(present.kind) && limitOf(present) !== null && children.length === 0) return undefined;
  const why = children.length > 0 ? `with ${children.length} below it` : 'with options that tc rounds';
  return new WfError(
    'E_LINK_IN_USE',
    `${link} has the queueing discipline ${present.kind} ${present.handle} ${why}: wf could not restore it exactly`,
    { hint: `Inspect it with \`tc qdisc show dev ${link}\`, and delete it first if nobody needs it.` },
  );
}

function byOthers({ link, kind, handle, place }: QdiscRecord, what: string): WfError {
  return new WfError('E_FOREIGN', `qdisc ${kind} ${handle} on ${link} ${placeName(place)}: somebody else has ${what}`, {
    hint: `Inspect it with \`tc qdisc show dev ${link}\`, then restore the former one by hand or keep it.`,
  });
}
