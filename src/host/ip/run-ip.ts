import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';
import { parseJson } from '../../engine/json.ts';
import type { Argv, CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { runChecked } from '../checked-command.ts';

/** Reading the kernel's tables takes milliseconds; this is for a machine that is all but stuck. */
const READ_TIMEOUT_MS = 10_000;
/** Some 3 KB a link: room for ten thousand. */
const READ_OUTPUT_BYTES = 32 * 1024 * 1024;
/** How often a read is repeated that the kernel says was overtaken by a change. */
const READ_ATTEMPTS = 4;

/** What `ip` is told about where: a namespace, or wf's own. */
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
  for (let attempt = 1; ; attempt += 1) {
    const result = await runChecked(command, argv, {
      timeoutMs: READ_TIMEOUT_MS,
      maxOutputBytes: READ_OUTPUT_BYTES,
      ...inNamespace(namespace),
    });
    if (result.truncated) throw notWhole(argv, 'its output is too long');
    // A dump that was overtaken by a change may lack entries: that is not "absent".
    if (!result.stderr.includes('Dump was interrupted')) return result.stdout;
    if (attempt === READ_ATTEMPTS) throw notWhole(argv, 'the kernel changed its tables during each of the reads');
  }
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
