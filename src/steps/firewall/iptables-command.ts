import { z } from 'zod';
import type { Argv } from '../../engine/ports/command.ts';
import { addressSchema, cidrSchema } from '../net/name-schema.ts';

/** Seconds for which iptables waits for its lock. */
const WAIT = ['-w', '5'];

export const familySchema = z.enum(['ipv4', 'ipv6']).describe('`ipv4`: iptables; `ipv6`: ip6tables');
export type IptablesFamily = z.infer<typeof familySchema>;

/** Names of tables and chains; a leading hyphen would be an option. */
export const iptablesNameSchema = z
  .string()
  .regex(/^[A-Za-z_][\w.+-]{0,28}$/, 'not a name of a table or chain of iptables');

/** Options whose value iptables resolves, or expands to several rules. */
const ADDRESS_OPTIONS = new Set(['-s', '--src', '--source', '-d', '--dst', '--destination']);
/** Commands, and options that the step runner sets itself or that make iptables run a program. */
const RESERVED = new RegExp(
  [
    '^-[ADCIRLSFZNXPEtwWM46]',
    '^--(?:append|delete|check|insert|replace|list|list-rules|flush|zero|new-chain|delete-chain|policy|rename-chain)$',
    '^--(?:table|wait|wait-interval|comment|modprobe|ipv4|ipv6)(?:=|$)',
    // The value may be in the same argument.
    '^-[sd].',
    '^--(?:src|source|dst|destination)=',
  ].join('|'),
);

/** Arguments of a rule: matches and target. */
export const iptablesRuleSchema = z
  .array(z.string().min(1))
  .min(1)
  .superRefine((words, check) => {
    const problem = problemWithRule(words);
    if (problem !== undefined) check.addIssue({ code: 'custom', message: problem });
  });

function problemWithRule(words: readonly string[]): string | undefined {
  for (const [index, word] of words.entries()) {
    if (/\p{Cc}/u.test(word)) return 'it has a control character';
    if (RESERVED.test(word))
      return `a rule has no word "${word}": table, chain, command and comment are those of the step`;
    if (!ADDRESS_OPTIONS.has(word)) continue;
    const value = words[words[index + 1] === '!' ? index + 2 : index + 1] ?? '';
    const isOne = addressSchema.safeParse(value).success || cidrSchema.safeParse(value).success;
    // iptables would create one rule for each address of a name or a list, and later perhaps for other addresses.
    if (!isOne) return `${word} takes one address or subnet, not "${value}"`;
  }
  return undefined;
}

/** Returns an iptables command. @param words the chain, and the arguments of a rule */
export function iptables(family: IptablesFamily, table: string, verb: string, ...words: readonly string[]): Argv {
  const program = family === 'ipv4' ? 'iptables' : 'ip6tables';
  const [chain, ...rule] = words;
  return [program, verb, ...(chain === undefined ? [] : [chain]), '-t', table, ...WAIT, ...rule];
}
