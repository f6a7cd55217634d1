import { z } from 'zod';
import { isJsonObject, type Json, parseJson } from '../../engine/model/json.ts';
import { parseSubnet, type Subnet } from '../../host/ip/subnet.ts';
import type { SectionName } from '../differences/shape.ts';

/** Facts of a firewall rule that identify its owner. */
export interface RuleFacts {
  readonly interfaces: readonly string[];
  readonly subnets: readonly Subnet[];
  readonly comments: readonly string[];
  /** The chain or verdict that the rule leads to, or null. */
  readonly target: string | null;
  /** Words of the rule, for comparison with a typed command. */
  readonly words: readonly string[];
}

/** Extracts the facts of a rule from its text in a fingerprint section. */
export function ruleFacts(section: SectionName, rule: string): RuleFacts {
  return section === 'nftables' ? nftRuleFacts(parseJson(rule)) : iptablesRuleFacts(rule);
}

const INTERFACE_OPTIONS = new Set(['-i', '-o', '--physdev-in', '--physdev-out']);
const ADDRESS_OPTIONS = new Set(['-s', '-d', '--to-destination', '--to-source', '--src-range', '--dst-range']);

function iptablesRuleFacts(rule: string): RuleFacts {
  const words = iptablesWords(rule);
  const valuesOf = (wanted: (option: string) => boolean): readonly string[] =>
    words.flatMap((word, index) => {
      const value = words[index + 1];
      return wanted(word) && value !== undefined ? [value] : [];
    });
  return {
    interfaces: valuesOf((option) => INTERFACE_OPTIONS.has(option)),
    subnets: valuesOf((option) => ADDRESS_OPTIONS.has(option)).flatMap(
      (value) => parseSubnet(withoutPort(value)) ?? [],
    ),
    comments: valuesOf((option) => option === '--comment'),
    target: valuesOf((option) => option === '-j' || option === '-g')[0] ?? null,
    words,
  };
}

/** Splits words as iptables-save writes them: quoted if they contain blanks, with a backslash before a quote inside. */
function iptablesWords(rule: string): readonly string[] {
  return [...rule.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll(/\\(.)/g, '$1'),
  );
}

function withoutPort(destination: string): string {
  const bracketed = /^\[(.+)\](?::\S+)?$/.exec(destination)?.[1];
  return bracketed ?? destination.replace(/^([0-9.]+):\S+$/, '$1');
}

const matchSchema = z.object({ left: z.object({ meta: z.object({ key: z.string() }) }), right: z.json() });
const prefixSchema = z.object({ addr: z.string(), len: z.number() });
const INTERFACE_KEYS = new Set(['iifname', 'oifname', 'iif', 'oif', 'ibrname', 'obrname', 'sdifname']);

function nftRuleFacts(rule: Json): RuleFacts {
  const interfaces: string[] = [];
  const subnets: Subnet[] = [];
  const words: string[] = [];
  let target: string | null = null;
  const visit = (value: Json): void => {
    if (typeof value === 'string') {
      words.push(value);
      const subnet = parseSubnet(value);
      if (subnet !== undefined) subnets.push(subnet);
    } else if (Array.isArray(value)) value.forEach(visit);
    else if (isJsonObject(value)) for (const [name, member] of Object.entries(value)) visitMember(name, member);
  };
  const visitMember = (name: string, member: Json): void => {
    const match = name === 'match' ? matchSchema.safeParse(member).data : undefined;
    if (match !== undefined && INTERFACE_KEYS.has(match.left.meta.key)) interfaces.push(...stringsIn(match.right));
    const prefix = name === 'prefix' ? prefixSchema.safeParse(member).data : undefined;
    const subnet = prefix === undefined ? undefined : parseSubnet(`${prefix.addr}/${prefix.len}`);
    if (subnet !== undefined) return void subnets.push(subnet);
    if ((name === 'jump' || name === 'goto') && isJsonObject(member)) target = stringsIn(member)[0] ?? null;
    visit(member);
  };
  visit(rule);
  const comment = isJsonObject(rule) ? rule['comment'] : undefined;
  return { interfaces, subnets, comments: typeof comment === 'string' ? [comment] : [], target, words };
}

function stringsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  return isJsonObject(value) ? Object.values(value).flatMap(stringsIn) : [];
}
