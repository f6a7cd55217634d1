import { z } from 'zod';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';
import { readSection, type Section } from '../differences/shape.ts';
import { parseAnswer, understood } from './parse-answer.ts';

const objectSchema = z.record(z.string(), z.json());
const answerSchema = z.object({ nftables: z.array(objectSchema) });
const ruleSchema = z.looseObject({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  comment: z.string().optional(),
  expr: z.array(z.json()).default([]),
});
const namedSchema = z.looseObject({ family: z.string(), table: z.string().optional(), name: z.string() });

/** What passes: the kernel's own numbers for objects, and what was counted. */
const PASSING = new Set(['handle', 'index', 'expires', 'used']);
const SET_KINDS = new Set(['set', 'map']);

/**
 * The rule set as `nft -j list ruleset` gives it, less the tables that iptables-nft made: those read better through
 * iptables-save, whose extensions nft cannot show.
 * @param iptablesTables such tables as `ip filter`, `ip6 nat`
 * @throws OddAnswer
 */
export function nftablesOf(text: string, iptablesTables: ReadonlySet<string>): Section {
  const { nftables } = parseAnswer('nft', text, answerSchema);
  const chains = new Map<string, { attributes: JsonObject; rules: string[] }>();
  const others: [string, Json][] = [];
  for (const object of nftables) {
    for (const [kind, value] of Object.entries(object)) {
      if (kind === 'metainfo') continue;
      if (kind === 'rule') {
        const { family, table, chain, comment, expr } = understood('nft', value, ruleSchema);
        const rule = { ...(comment === undefined ? {} : { comment }), expr: lasting(expr) };
        chains.get(`nft ${family} ${table} ${chain}`)?.rules.push(canonicalJson(rule));
        continue;
      }
      const named = understood('nft', value, namedSchema);
      const owner = `${named.family} ${named.table ?? named.name}`;
      if (iptablesTables.has(owner)) continue;
      const attributes = understood('nft', lasting(value), objectSchema);
      if (kind === 'chain') chains.set(`nft ${owner} ${named.name}`, { attributes, rules: [] });
      else if (kind === 'table') others.push([`nft table ${owner}`, attributes]);
      else
        others.push([
          `nft ${kind} ${owner} ${named.name}`,
          SET_KINDS.has(kind) ? withoutLearned(attributes) : attributes,
        ]);
    }
  }
  const ordered = [...chains].map(([subject, { attributes, rules }]): [string, Json] => [
    subject,
    { table: attributes['table'] ?? null, chain: attributes['name'] ?? null, attributes, rules },
  ]);
  return readSection([...others, ...ordered]);
}

/** The same without handles and counts; members of a set in one order, whatever hash the kernel keeps them by. */
function lasting(value: Json): Json {
  if (Array.isArray(value)) return value.map(lasting);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value)
    .filter(([name, member]) => !PASSING.has(name) && !isCount(name, member, value))
    .map(([name, member]): [string, Json] => {
      if (name === 'counter' && isJsonObject(member)) return [name, null];
      const next = lasting(member);
      return [name, (name === 'set' || name === 'elem') && Array.isArray(next) ? sorted(next) : next];
    });
  return Object.fromEntries(kept);
}

/** `packets` and `bytes` are counts in a counter, but settings elsewhere (a limit, a match on the packet length). */
function isCount(name: string, member: Json, within: JsonObject): boolean {
  return (
    (name === 'packets' || name === 'bytes') && typeof member === 'number' && 'packets' in within && 'bytes' in within
  );
}

function sorted(values: readonly Json[]): Json {
  return [...values].sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
}

/** A set that packets fill by themselves, or whose members time out, is known without its members. */
function withoutLearned(attributes: JsonObject): JsonObject {
  const { flags } = attributes;
  if (!Array.isArray(flags) || !(flags.includes('timeout') || flags.includes('dynamic'))) return attributes;
  const { elem: _elem, ...kept } = attributes;
  return kept;
}
