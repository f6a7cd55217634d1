import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { ROUTE_PROTOCOL } from '../../../engine/model/identity/mark.ts';
import type { JsonObject } from '../../../engine/model/json.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { defineStep } from '../../../engine/workflow/define-step.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { type PolicyRule, readRules, ruleAttributes } from '../../../host/ip/rule.ts';
import { placeInput } from '../../place-handle.ts';
import { cidrSchema, linkNameSchema } from '../name-schema.ts';
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
} from '../place.ts';

/** Actions of a rule, with their numbers in the kernel; a rule that looks up a table has none of them. */
const ACTIONS = { blackhole: '6', unreachable: '7', prohibit: '8' } as const;

const MAX_UINT32 = 0xffff_ffff;

const input = z
  .object({
    priority: z.number().int().min(1).max(32_765).describe('priority; no other rule may have it'),
    family: z.enum(['inet', 'inet6']).default('inet').describe('`inet`: IPv4; `inet6`: IPv6'),
    from: cidrSchema.nullable().default(null).describe('source subnet; null matches all'),
    to: cidrSchema.nullable().default(null).describe('destination subnet; null matches all'),
    iif: linkNameSchema.nullable().default(null).describe('link that packets come in through; null matches all'),
    oif: linkNameSchema.nullable().default(null).describe('link that sockets are bound to; null matches all'),
    fwmark: z
      .number()
      .int()
      .min(1)
      .max(MAX_UINT32)
      .nullable()
      .default(null)
      .describe('firewall mark; null matches all'),
    action: z
      .union([
        z.strictObject({ table: z.number().int().min(1).max(MAX_UINT32).describe('number of the table to look up') }),
        z.enum(['blackhole', 'unreachable', 'prohibit']),
      ])
      .describe('what to do with packets that match'),
    in: placeInput,
  })
  .superRefine(({ family, from, to }, check) => {
    for (const [path, subnet] of Object.entries({ from, to })) {
      if (subnet === null) continue;
      const message =
        subnet.includes(':') !== (family === 'inet6')
          ? `${subnet} is not of the family ${family}`
          : subnet.endsWith('/0')
            ? `${subnet} matches all: leave it out`
            : undefined;
      if (message !== undefined) check.addIssue({ code: 'custom', path: [path], message });
    }
  });
type Input = z.output<typeof input>;

const record = z.object({
  place: placeSchema,
  family: z.enum(['inet', 'inet6']),
  priority: z.number().int(),
  /** Arguments of `ip rule add`. */
  words: z.array(z.string()),
  /** The rule as `ip` shows it, without its priority and protocol. */
  attributes: z.string(),
});
type RuleRecord = z.infer<typeof record>;

/** Adds a rule of the routing policy, with wf's protocol number as its mark. */
export const addRule = defineStep({
  kind: 'net.rule',
  description: 'Adds a rule of the routing policy (`ip rule`).',
  input,
  output: z.object({ priority: z.number().int().describe('priority of the rule') }),
  record,
  survivesReboot: false,
  alters: ['network'],
  commands: (asked) => [typedIn(asked.in, ipRule('add', asked.family, wordsOf(asked)))],
  rehearse: ({ priority }) => ({ priority }),
  rehearseUndo: (asked) => [typedIn(asked.in, ipRule('delete', asked.family, wordsOf(asked)))],

  async observe(asked, context, earlier) {
    const { priority, family } = asked;
    const place = earlier?.place ?? placeOf(asked.in, context.host);
    const rule = { place, family, priority, words: [...wordsOf(asked)], attributes: attributesOf(asked) };
    const target = `rule ${rule.words.join(' ')} ${placeName(place)}`;
    const rules = await rulesAt(rule, context);
    const [other] = rules;
    if (other === undefined) return { found: 'absent', target, record: rule };
    const output = { priority };
    // The protocol number identifies wf, not the run: without an intent of this step the rule is another run's.
    const isIntended = earlier !== undefined && earlier.attributes === rule.attributes;
    if (isIntended && rules.some((one) => isOurs(one, rule))) return { found: 'ours', target, record: rule, output };
    const isSame = rules.length === 1 && other.attributes === rule.attributes && other.protocol !== ROUTE_PROTOCOL;
    return isSame ? { found: 'unchanged', output } : { found: 'foreign', error: priorityInUse(rule, other) };
  },

  async apply(_input, rule, _found, context) {
    await runAt(context, rule.place, ipRule('add', rule.family, rule.words));
    return rule;
  },

  inspect: (rule, context) =>
    observeIn(async () =>
      (await rulesAt(rule, context)).some((one) => isOurs(one, rule))
        ? IN_PLACE
        : gone(`the rule with priority ${rule.priority} is gone`),
    ),

  undo: (rule, context) =>
    undoIn(async () => {
      const rules = (await rulesAt(rule, context)).filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
      // The kernel deletes the first rule with these attributes, even if it has others too.
      const other = rules.find((one) => !isOurs(one, rule));
      if (other !== undefined) throw priorityInUse(rule, other);
      if (rules.length > 0) await runAt(context, rule.place, ipRule('delete', rule.family, rule.words));
    }),
  undoCommands: ({ place, family, words }) => [typedAt(place, ipRule('delete', family, words))],
});

function ipRule(verb: 'add' | 'delete', family: Input['family'], words: readonly string[]): Argv {
  return ['ip', family === 'inet' ? '-4' : '-6', 'rule', verb, ...words];
}

function wordsOf({ priority, from, to, iif, oif, fwmark, action }: Input): readonly string[] {
  const given = { from, to, iif, oif, fwmark };
  const selectors = Object.entries(given).flatMap(([name, value]) => (value === null ? [] : [name, String(value)]));
  const act = typeof action === 'string' ? [action] : ['table', String(action.table)];
  return ['priority', String(priority), ...selectors, ...act, 'protocol', String(ROUTE_PROTOCOL)];
}

/** Returns the rule as `ip -N -json rule` will show it. */
function attributesOf({ from, to, iif, oif, fwmark, action }: Input): string {
  return ruleAttributes({
    ...(from === null ? { src: 'all' } : subnetAttributes('src', from)),
    ...(to === null ? {} : subnetAttributes('dst', to)),
    ...(iif === null ? {} : { iif }),
    ...(oif === null ? {} : { oif }),
    ...(fwmark === null ? {} : { fwmark: `0x${fwmark.toString(16)}` }),
    ...(typeof action === 'string' ? { action: ACTIONS[action] } : { table: String(action.table) }),
  });
}

/** `ip` omits the prefix length of a single host. */
function subnetAttributes(name: 'src' | 'dst', subnet: string): JsonObject {
  const [address = '', length] = subnet.split('/');
  const isHost = length === (address.includes(':') ? '128' : '32');
  return { [name]: address, ...(isHost ? {} : { [`${name}len`]: Number(length) }) };
}

/** Returns all rules with the priority, of any owner. */
async function rulesAt({ place, family, priority }: RuleRecord, { host }: HostContext): Promise<readonly PolicyRule[]> {
  const rules = await readRules(host.command, family, namespaceOf(place, host));
  return rules.filter((rule) => rule.priority === priority);
}

function isOurs({ protocol, attributes }: PolicyRule, rule: RuleRecord): boolean {
  return protocol === ROUTE_PROTOCOL && attributes === rule.attributes;
}

function priorityInUse({ place, priority, family }: RuleRecord, other: PolicyRule): WfError {
  const whose = other.protocol === ROUTE_PROTOCOL ? 'another wf run' : 'somebody else';
  return new WfError(
    'E_ROUTE_IN_USE',
    `a rule of ${whose} has the priority ${priority} ${placeName(place)}: ${other.attributes}`,
    {
      hint: `Choose another priority in the input. \`ip ${family === 'inet' ? '-4' : '-6'} rule\` lists those in use.`,
    },
  );
}
