import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import { canonicalJson, type Json, type JsonObject, parseJson } from '../../engine/model/json.ts';
import { lazy } from '../../engine/model/lazy.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { nftablesOf, withoutVolatile } from '../../fingerprint/sections/nftables.ts';
import { runChecked } from '../../host/commands/checked-command.ts';
import { inNamespace, READ_LIMITS } from '../../host/ip/run-ip.ts';
import { namespaceOf, type Place } from '../net/place.ts';

/** A table at a place. */
export interface NftTable {
  readonly place: Place;
  readonly family: string;
  readonly table: string;
}

/** A recorded nftables object; members are null until they are observed. */
interface MadeObject {
  readonly handle: number | null;
  readonly content: string | null;
}

/** Returns how somebody else has changed a recorded object since the run created it; undefined if it is unchanged. */
export function changeByOthers(
  made: MadeObject,
  present: Pick<NftRule, 'handle' | 'content'>,
  edited: string,
): string | undefined {
  if (made.handle !== null && made.handle !== present.handle) {
    return `recreated it (handle ${present.handle}, not ${made.handle})`;
  }
  return made.content === null || made.content === present.content ? undefined : edited;
}

/** A rule of a chain, as nft lists it. */
export interface NftRule {
  readonly handle: number;
  readonly comment: string | null;
  /** Its expressions without counts, as canonical JSON. */
  readonly content: string;
  /** Null if it has no counter. */
  readonly counter: { readonly packets: number; readonly bytes: number } | null;
}

const answer = lazy(() => z.object({ nftables: z.array(z.record(z.string(), z.json())) }));
const tableEntry = lazy(() => z.looseObject({ name: z.string(), handle: z.number().int() }));
const chainEntry = lazy(() => z.looseObject({ table: z.string(), name: z.string() }));
const count = z.number().int().nonnegative();
const counterEntry = lazy(() => z.looseObject({ counter: z.object({ packets: count, bytes: count }) }));
const ruleEntry = lazy(() =>
  z.looseObject({
    chain: z.string(),
    handle: z.number().int(),
    comment: z.string().optional(),
    expr: z.array(z.json()),
  }),
);

/** Returns the handle of a table, or null if there is no such table. @throws WfError if nft cannot read it */
export async function findNftTable(context: HostContext, { place, family, table }: NftTable): Promise<number | null> {
  const listed = await listNft(context, place, ['tables', family]);
  const tables = listed.of('table', tableEntry());
  return tables.find(({ name }) => name === table)?.handle ?? null;
}

/** Returns the names of the chains of a table; none if there is no such table. @throws WfError if nft cannot read it */
export async function readNftChains(
  context: HostContext,
  { place, family, table }: NftTable,
): Promise<readonly string[]> {
  const listed = await listNft(context, place, ['chains', family]);
  return listed.of('chain', chainEntry()).flatMap((chain) => (chain.table === table ? [chain.name] : []));
}

/** Returns the rules of an existing chain, in order. */
export async function readNftRules(
  context: HostContext,
  { place, family, table }: NftTable,
  chain: string,
): Promise<readonly NftRule[]> {
  const listed = await listNft(context, place, ['chain', family, table, chain]);
  return listed.of('rule', ruleEntry()).map(ruleOf);
}

/** Returns the content of an existing table as canonical JSON without counts and handles, and its rules by chain. */
export async function readNftTable(
  context: HostContext,
  { place, family, table }: NftTable,
): Promise<{ readonly content: string; readonly rules: readonly (NftRule & { readonly chain: string })[] }> {
  const listed = await listNft(context, place, ['table', family, table]);
  const rules = listed.of('rule', ruleEntry()).map((rule) => ({ chain: rule.chain, ...ruleOf(rule) }));
  return { content: canonicalJson({ ...nftablesOf(listed.text, new Set()).entries }), rules };
}

function ruleOf({ handle, comment, expr }: z.output<ReturnType<typeof ruleEntry>>): NftRule {
  const counters = expr.flatMap((part) => counterEntry().safeParse(part).data?.counter ?? []);
  return {
    handle,
    comment: comment ?? null,
    content: canonicalJson(withoutVolatile(expr)),
    counter: counters[0] ?? null,
  };
}

async function listNft({ host }: HostContext, place: Place, args: readonly string[]) {
  const argv: Argv = ['nft', '-j', 'list', ...args];
  const { stdout, truncated } = await runChecked(host.command, argv, {
    ...READ_LIMITS,
    ...inNamespace(namespaceOf(place, host)),
  });
  if (truncated) throw unusable(argv, 'it is too long');
  const objects = parsed(argv, answer(), () => parseJson(stdout)).nftables;
  return {
    text: stdout,
    /** Returns the objects of one kind. */
    of<Entry extends z.ZodType>(kind: string, entry: Entry): z.output<Entry>[] {
      return objects.flatMap((object: JsonObject) =>
        object[kind] === undefined ? [] : [parsed(argv, entry, () => object[kind] ?? null)],
      );
    },
  };
}

function parsed<Schema extends z.ZodType>(argv: Argv, schema: Schema, value: () => Json): z.output<Schema> {
  try {
    return schema.parse(value());
  } catch (thrown) {
    throw unusable(argv, thrown instanceof z.ZodError ? z.prettifyError(thrown) : String(thrown));
  }
}

function unusable(argv: Argv, why: string): WfError {
  return new WfError('E_HOST_STATE_UNKNOWN', `\`${commandLine(argv)}\`: unusable output: ${why}`, {
    hint: 'Check with `nft --version` that nftables is 0.9.3 or later, then try again.',
  });
}
