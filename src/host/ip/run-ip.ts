import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { parseJson } from '../../engine/model/json.ts';
import type { Argv, CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { runChecked } from '../commands/checked-command.ts';

/** Limits of a read of the kernel's tables: it takes milliseconds, and prints some 3 KB a link. */
export const READ_LIMITS = { timeoutMs: 10_000, maxOutputBytes: 32 * 1024 * 1024 } as const;

/** The reason why a read failed whose repetitions were overtaken as well. */
export const OVERTAKEN = 'the kernel changed its tables during each of the reads';

const READ_ATTEMPTS = 4;

/** Repeats a read that a change of the kernel's tables overtook: such a dump may lack entries. Undefined if all attempts were. */
export async function repeatOvertaken<Read extends { readonly stderr: string }>(
  read: () => Promise<Read>,
): Promise<Read | undefined> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
    const result = await read();
    if (!result.stderr.includes('Dump was interrupted')) return result;
  }
  return undefined;
}

/** Returns the options by which a command runs in a namespace, or in wf's own. */
export function inNamespace(namespace: NamespaceRef | undefined): { readonly namespace?: NamespaceRef } {
  return namespace === undefined ? {} : { namespace };
}

/** Programs of iproute2 that print JSON. */
export type IpTool = 'ip' | 'bridge';

/**
 * Runs a command of iproute2 that only reads, and returns its output.
 * @throws WfError E_HOST_COMMAND when it failed, E_HOST_STATE_UNKNOWN when what it wrote is not whole.
 */
export async function readIp(
  command: CommandPort,
  args: readonly string[],
  namespace: NamespaceRef | undefined,
  tool: IpTool = 'ip',
): Promise<string> {
  const argv: Argv = [tool, ...args];
  const result = await repeatOvertaken(() => runChecked(command, argv, { ...READ_LIMITS, ...inNamespace(namespace) }));
  if (result === undefined) throw notWhole(argv, OVERTAKEN);
  if (result.truncated) throw notWhole(argv, 'its output is too long');
  return result.stdout;
}

/** Parses the JSON output of a command of iproute2; each entry must match `entry`. */
export async function readIpJson<Entry extends z.ZodType>(
  command: CommandPort,
  args: readonly string[],
  entry: Entry,
  namespace: NamespaceRef | undefined,
  tool: IpTool = 'ip',
): Promise<z.output<Entry>[]> {
  return parseIpJson(await readIp(command, ['-json', ...args], namespace, tool), entry, args, tool);
}

/** Parses what `ip -json` wrote. Nothing at all means no entries; `{}` is what some releases write for one that a filter left out. */
export function parseIpJson<Entry extends z.ZodType>(
  text: string,
  entry: Entry,
  args: readonly string[],
  tool: IpTool = 'ip',
): z.output<Entry>[] {
  if (text.trim() === '') return [];
  const argv: Argv = [tool, '-json', ...args];
  const entries = z.array(z.record(z.string(), z.unknown())).safeParse(jsonOf(text, argv));
  if (!entries.success) throw notWhole(argv, z.prettifyError(entries.error));
  const parsed = z.array(entry).safeParse(entries.data.filter((found) => Object.keys(found).length > 0));
  if (!parsed.success) throw notWhole(argv, z.prettifyError(parsed.error));
  return parsed.data;
}

function jsonOf(text: string, argv: Argv): unknown {
  try {
    return parseJson(text);
  } catch (thrown) {
    throw notWhole(argv, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function notWhole(argv: Argv, reason: string): WfError {
  return new WfError('E_HOST_STATE_UNKNOWN', `the answer of \`${argv.join(' ')}\` cannot be used: ${reason}`, {
    hint: 'wf needs iproute2 5.0 or later: look at `ip -V`, and try again.',
  });
}
