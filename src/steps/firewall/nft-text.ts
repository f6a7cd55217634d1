import { z } from 'zod';

/** Families of nftables. */
export const nftFamilySchema = z.enum(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']);

/** The name of a table or chain. nft does not parse text that begins with another character as a name. */
export const nftNameSchema = z
  .string()
  .regex(
    /^[A-Za-z_][\w./-]{0,127}$/,
    'a name in nftables has letters, digits, "_", ".", "/" and "-", and begins with a letter',
  );

/** The body of a table, as nft lists it between the braces. */
export const nftBodySchema = z.string().superRefine((text, check) => {
  const problem = problemWithBody(text);
  if (problem !== undefined) check.addIssue({ code: 'custom', message: problem });
});

/** One rule, without the words `add rule` and the names before it. */
export const nftRuleSchema = z.string().superRefine((text, check) => {
  const problem = problemWithRule(text);
  if (problem !== undefined) check.addIssue({ code: 'custom', message: problem });
});

const LIMIT = 65_536;

function problemWithBody(text: string): string | undefined {
  // As nft parses it: comments and braces within a string do not count, nor do strings within a comment.
  const code = text.replaceAll(/"[^"]*"|#.*/g, (skipped) => (skipped.startsWith('#') ? '' : ' '));
  if (text.length > LIMIT) return `it has ${text.length} characters, and at most ${LIMIT} are possible`;
  if (/(?![\n\t])\p{Cc}/u.test(text)) return 'it has a control character';
  if (code.includes('"')) return 'it has a quotation mark without its counterpart';
  if (/\binclude\b/.test(code)) return 'it includes another file: give the content of that file';
  let depth = 0;
  for (const brace of code.match(/[{}]/g) ?? []) {
    depth += brace === '{' ? 1 : -1;
    // It would end the table, and nft would execute the rest as commands.
    if (depth < 0) return 'it has a closing brace without an opening one';
  }
  return depth === 0 ? undefined : 'it has an opening brace without a closing one';
}

function problemWithRule(text: string): string | undefined {
  // Each of them would end the rule before the comment that marks it.
  if (/[;#\n\\]/.test(text.replaceAll(/"[^"\n]*"/g, ' ')))
    return 'a rule has no ";", "#", "\\" and line break outside of strings';
  return text.trim() === '' ? 'it is empty' : problemWithBody(text);
}
