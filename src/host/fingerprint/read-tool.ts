import { WfError } from '../../engine/errors.ts';
import { commandLine } from '../../engine/evidence.ts';
import type { Argv, CommandPort } from '../../engine/ports/command.ts';

/** Output of a tool, or the reason why there is none: it is not installed, may not be run, or failed. */
export type ToolAnswer =
  | { readonly found: 'output'; readonly stdout: string }
  | { readonly found: 'nothing'; readonly why: string };

/** Reading the kernel's tables takes milliseconds; this is for a machine that is all but stuck. */
const READ_TIMEOUT_MS = 10_000;
/** Room for ten thousand links at 3 KB each, and for the rules of a large cluster node. */
const READ_OUTPUT_BYTES = 32 * 1024 * 1024;
/** How often a read is repeated that the kernel says was overtaken by a change. */
const READ_ATTEMPTS = 4;

/** Ends the reason why a tool that this machine does not have shows nothing. */
export const NOT_INSTALLED = 'is not installed';

const FORBIDDEN = /permission denied|operation not permitted|must be root/i;

/** Runs a tool that only reads. @throws WfError as CommandPort.run when it cannot be started on a machine that has it. */
export async function readTool(command: CommandPort, argv: Argv, stdin?: string): Promise<ToolAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await runOnce(command, argv, stdin);
    if (answer !== 'overtaken') return answer;
    if (attempt === READ_ATTEMPTS) return failed(argv, 'the kernel changed its tables during each of the reads');
  }
}

async function runOnce(command: CommandPort, argv: Argv, stdin: string | undefined): Promise<ToolAnswer | 'overtaken'> {
  try {
    const options = { timeoutMs: READ_TIMEOUT_MS, maxOutputBytes: READ_OUTPUT_BYTES };
    const result = await command.run(argv, stdin === undefined ? options : { ...options, stdin });
    if (result.truncated) return failed(argv, 'its output is too long');
    if (result.end.type !== 'exited') return failed(argv, `it was ended (${result.end.type})`);
    if (result.end.exitCode !== 0) {
      const complaint = lastLine(result.stderr);
      if (FORBIDDEN.test(result.stderr)) return { found: 'nothing', why: `${argv[0]} needs more rights` };
      return failed(argv, `exit code ${result.end.exitCode}${complaint === '' ? '' : `: ${complaint}`}`);
    }
    return result.stderr.includes('Dump was interrupted') ? 'overtaken' : { found: 'output', stdout: result.stdout };
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    if (thrown.code === 'E_TOOL_MISSING') return { found: 'nothing', why: `${argv[0]} ${NOT_INSTALLED}` };
    if (thrown.code === 'E_PERMISSION') return { found: 'nothing', why: `${argv[0]} may not be run` };
    throw thrown;
  }
}

function failed(argv: Argv, reason: string): ToolAnswer {
  return { found: 'nothing', why: `\`${commandLine(argv)}\`: ${reason}` };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
