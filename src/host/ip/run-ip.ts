import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { parseJson } from '../../engine/model/json.ts';
import type { Argv, CommandPort, NamespaceRef } from '../../engine/ports/command.ts';
import { runChecked } from '../commands/checked-command.ts';
import { withoutExcluded } from './entries.ts';

/** Limits of a read of the kernel's tables, which takes milliseconds and prints about 3 KB per link. */
export const READ_LIMITS = { timeoutMs: 10_000, maxOutputBytes: 32 * 1024 * 1024 } as const;

/** Reason for a read that changes of the tables interrupted each time. */
export const INTERRUPTED_READ = 'the kernel changed its tables during each of the reads';

const READ_ATTEMPTS = 4;

/**
 * Repeats a read while the kernel's tables change during it, because such a dump may lack entries. Returns undefined if a change
 * interrupted every attempt.
 */
export async function repeatInterrupted<Read extends { readonly stderr: string }>(
  read: () => Promise<Read>,
): Promise<Read | undefined> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt += 1) {
    const result = await read();
    if (!result.stderr.includes('Dump was interrupted')) return result;
  }
  return undefined;
}

/** Returns the options to run a command in a namespace, by default wf's own. */
export function inNamespace(namespace: NamespaceRef | undefined): { readonly namespace?: NamespaceRef } {
  return namespace === undefined ? {} : { namespace };
}

/** Programs of iproute2 that print JSON. */
export type IpTool = 'ip' | 'bridge' | 'tc';

/**
 * Runs a read-only command of iproute2 and returns its output.
 * @throws WfError E_HOST_COMMAND if it fails, E_HOST_STATE_UNKNOWN if its output is incomplete.
 */
export async function readIp(
  command: CommandPort,
  args: readonly string[],
  namespace: NamespaceRef | undefined,
  tool: IpTool = 'ip',
): Promise<string> {
  const argv: Argv = [tool, ...args];
  const result = await repeatInterrupted(() =>
    runChecked(command, argv, { ...READ_LIMITS, isRead: true, ...inNamespace(namespace) }),
  );
  if (result === undefined) throw notWhole(argv, INTERRUPTED_READ);
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

/** Parses the output of `ip -json`. Empty output means no entries. */
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
  const parsed = z.array(entry).safeParse(withoutExcluded(entries.data));
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
  return new WfError('E_HOST_STATE_UNKNOWN', `\`${argv.join(' ')}\`: unusable output: ${reason}`, {
    hint: 'Check with `ip -V` that iproute2 is 5.0 or later, then try again.',
  });
}
