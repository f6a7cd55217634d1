import { z } from 'zod';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';
import { readSection, type Section } from '../differences/shape.ts';
import { parseOutput, parseValue } from './parse-output.ts';

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

/** Volatile attributes: object numbers of the kernel, and counters. */
const PASSING = new Set(['handle', 'index', 'expires', 'used']);
const SET_KINDS = new Set(['set', 'map']);

/**
 * Parses `nft -j list ruleset` without the tables of iptables-nft, which iptables-save shows completely: nft cannot show
 * their extensions.
 * @param iptablesTables tables such as `ip filter`, `ip6 nat`
 * @throws UnexpectedOutput
 */
export function nftablesOf(text: string, iptablesTables: ReadonlySet<string>): Section {
  const { nftables } = parseOutput('nft', text, answerSchema);
  const chains = new Map<string, { attributes: JsonObject; rules: string[] }>();
  const others: [string, Json][] = [];
  const filled = new Set<string>();
  for (const object of nftables) {
    for (const [kind, value] of Object.entries(object)) {
      if (kind === 'metainfo') continue;
      if (kind === 'rule') {
        const { family, table, chain, comment, expr } = parseValue('nft', value, ruleSchema);
        for (const set of setsFilledBy(expr)) filled.add(`${family} ${table} ${set}`);
        const rule = { ...(comment === undefined ? {} : { comment }), expr: withoutVolatile(expr) };
        chains.get(`nft ${family} ${table} ${chain}`)?.rules.push(canonicalJson(rule));
        continue;
      }
      const named = parseValue('nft', value, namedSchema);
      const owner = `${named.family} ${named.table ?? named.name}`;
      if (iptablesTables.has(owner)) continue;
      const attributes = parseValue('nft', withoutVolatile(value), objectSchema);
      if (kind === 'chain') chains.set(`nft ${owner} ${named.name}`, { attributes, rules: [] });
      else if (kind === 'table') others.push([`nft table ${owner}`, attributes]);
      else
        others.push([
          `nft ${kind} ${owner} ${named.name}`,
          SET_KINDS.has(kind) && isFlagged(attributes) ? withoutMembers(attributes) : attributes,
        ]);
    }
  }
  // nft 1.0.6 does not list the flag `dynamic`: the rules that fill a set are listed after it.
  const settled = others.map(([subject, attributes]): [string, Json] =>
    isJsonObject(attributes) && filled.has(subject.replace(/^nft (?:set|map) /, ''))
      ? [subject, withoutMembers(attributes)]
      : [subject, attributes],
  );
  const ordered = [...chains].map(([subject, { attributes, rules }]): [string, Json] => [
    subject,
    { table: attributes['table'] ?? null, chain: attributes['name'] ?? null, attributes, rules },
  ]);
  return readSection([...settled, ...ordered]);
}

/** Removes handles and counts, and sorts members of a set, whose order depends on the kernel's hash. */
export function withoutVolatile(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutVolatile);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value)
    .filter(([name, member]) => !PASSING.has(name) && !isCount(name, member, value))
    .map(([name, member]): [string, Json] => {
      if (name === 'counter' && isJsonObject(member)) return [name, null];
      const next = withoutVolatile(member);
      return [name, (name === 'set' || name === 'elem') && Array.isArray(next) ? sorted(next) : next];
    });
  return Object.fromEntries(kept);
}

/** Returns whether a member is a count. `packets` and `bytes` are counts only in a counter; elsewhere they are settings such as a limit. */
function isCount(name: string, member: Json, within: JsonObject): boolean {
  return (
    (name === 'packets' || name === 'bytes') && typeof member === 'number' && 'packets' in within && 'bytes' in within
  );
}

function sorted(values: readonly Json[]): Json {
  return [...values].sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
}

/** Returns whether packets fill a set, or its members time out. */
function isFlagged({ flags }: JsonObject): boolean {
  return Array.isArray(flags) && (flags.includes('timeout') || flags.includes('dynamic'));
}

/** Returns the names of the sets and maps to which a rule adds members. */
function setsFilledBy(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(setsFilledBy);
  if (!isJsonObject(value)) return [];
  const { op, set, map } = value;
  const named = op === undefined ? [] : [set, map].filter((name) => typeof name === 'string');
  return [...named.map((name) => name.replace(/^@/, '')), ...Object.values(value).flatMap(setsFilledBy)];
}

function withoutMembers(attributes: JsonObject): JsonObject {
  const { elem: _elem, ...kept } = attributes;
  return kept;
}
