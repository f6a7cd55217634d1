import { z } from 'zod';
import { canonicalJson, isJsonObject, type Json } from '../../engine/model/json.ts';
import { type ListDifference, listDifferences } from './list-diff.ts';
import { READ, SECTION_NAMES, type Section, type SectionName, type Sections } from './shape.ts';

/** A difference before attribution. */
export interface RawDifference {
  readonly section: SectionName;
  readonly subject: string;
  /** Subject of the entry that contains it: for a rule, its chain. */
  readonly entry: string;
  readonly difference: 'added' | 'removed' | 'altered';
  readonly before: Json;
  readonly after: Json;
  readonly about:
    | { readonly type: 'entry' }
    /** One rule of a chain; before and after are its positions in it. */
    | { readonly type: 'firewall rule'; readonly table: string; readonly chain: string; readonly rule: string }
    /** The section was readable only once, or differs in its state. */
    | { readonly type: 'section' };
}

/** A chain with its rules in order. The iptables policy is null for a user-defined chain. */
export const chainSchema = z.object({
  table: z.string(),
  chain: z.string(),
  policy: z.string().nullish(),
  attributes: z.json().optional(),
  rules: z.array(z.string()),
});
type Chain = z.output<typeof chainSchema>;

/**
 * Returns all differences, section by section. A section that was not readable both times is one difference, followed by those in its
 * readable entries.
 */
export function differencesBetween(before: Sections, after: Sections): readonly RawDifference[] {
  return SECTION_NAMES.flatMap((name): readonly RawDifference[] => {
    const [earlier, later] = [before[name], after[name]];
    const entries = entryDifferences(name, earlier, later);
    if (earlier.state === later.state) return entries;
    const state: RawDifference = {
      section: name,
      subject: `reading of ${name}`,
      entry: '',
      difference: 'altered',
      before: earlier.state,
      after: later.state,
      about: { type: 'section' },
    };
    return later.state === READ ? [state, ...entries] : [state];
  });
}

function entryDifferences(section: SectionName, before: Section, after: Section): readonly RawDifference[] {
  const subjects = new Set([...Object.keys(before.entries), ...Object.keys(after.entries)]);
  return [...subjects].flatMap((subject) => {
    const [earlier, later] = [before.entries[subject], after.entries[subject]];
    if (earlier !== undefined && later !== undefined && canonicalJson(earlier) === canonicalJson(later)) return [];
    const chains = { before: chainOf(earlier), after: chainOf(later) };
    if (chains.before !== undefined || chains.after !== undefined) {
      return chainDifferences(section, subject, chains.before, chains.after);
    }
    return [entryDifference(section, subject, earlier, later)];
  });
}

function entryDifference(
  section: SectionName,
  subject: string,
  before: Json | undefined,
  after: Json | undefined,
): RawDifference {
  const difference = before === undefined ? 'added' : after === undefined ? 'removed' : 'altered';
  return {
    section,
    subject,
    entry: subject,
    difference,
    before: before ?? null,
    after: after ?? null,
    about: { type: 'entry' },
  };
}

function chainOf(entry: Json | undefined): Chain | undefined {
  if (!isJsonObject(entry) || !('rules' in entry)) return undefined;
  return chainSchema.parse(entry);
}

function chainDifferences(
  section: SectionName,
  subject: string,
  before: Chain | undefined,
  after: Chain | undefined,
): readonly RawDifference[] {
  const [earlier, later] = [before ?? builtIn(after), after ?? builtIn(before)];
  const [head, nextHead] = [earlier && headOf(earlier), later && headOf(later)];
  const heads =
    canonicalJson(head ?? null) === canonicalJson(nextHead ?? null)
      ? []
      : [entryDifference(section, subject, head, nextHead)];
  const { table, chain } = earlier ?? later ?? { table: '', chain: '' };
  const rules = listDifferences(earlier?.rules ?? [], later?.rules ?? []).map(
    (rule): RawDifference => ({
      section,
      subject: `${subject} rule ${rule.value}`,
      entry: subject,
      difference: rule.type === 'moved' ? 'altered' : rule.type,
      ...placesOf(rule),
      about: { type: 'firewall rule', table, chain, rule: rule.value },
    }),
  );
  return [...heads, ...rules];
}

/** Returns the default of a built-in chain, which a fingerprint omits: it has no rules, and accepts packets. */
function builtIn(other: Chain | undefined): Chain | undefined {
  if (typeof other?.policy !== 'string') return undefined;
  return { ...other, policy: 'ACCEPT', rules: [] };
}

function headOf({ policy, attributes }: Chain): Json {
  return attributes ?? { policy: policy ?? null };
}

function placesOf(rule: ListDifference): { readonly before: Json; readonly after: Json } {
  return {
    before: rule.type === 'added' ? null : `#${rule.before}`,
    after: rule.type === 'removed' ? null : `#${rule.after}`,
  };
}
