import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv, CommandPort } from '../../engine/ports/command.ts';
import { INTERRUPTED_READ, READ_LIMITS, repeatInterrupted } from '../../host/ip/run-ip.ts';

/** Output of a tool, or the reason why there is none: it is not installed, not permitted, or failed. */
export type ToolAnswer =
  | { readonly found: 'output'; readonly stdout: string }
  | { readonly found: 'nothing'; readonly why: string };

/** End of the reason for a tool that this machine lacks. */
export const NOT_INSTALLED = 'is not installed';

const FORBIDDEN = /permission denied|operation not permitted|must be root/i;

/** Runs a read-only tool. @throws WfError like CommandPort.run if a tool that the machine has cannot be started. */
export async function readTool(command: CommandPort, argv: Argv, stdin?: string): Promise<ToolAnswer> {
  try {
    const options = stdin === undefined ? READ_LIMITS : { ...READ_LIMITS, stdin };
    const result = await repeatInterrupted(() => command.run(argv, options));
    if (result === undefined) return failed(argv, INTERRUPTED_READ);
    if (result.truncated) return failed(argv, 'its output is too long');
    if (result.end.type !== 'exited') return failed(argv, `it was killed (${result.end.type})`);
    if (result.end.exitCode === 0) return { found: 'output', stdout: result.stdout };
    if (FORBIDDEN.test(result.stderr)) return { found: 'nothing', why: `${argv[0]} needs more rights` };
    const complaint = lastLine(result.stderr);
    return failed(argv, `exit code ${result.end.exitCode}${complaint === '' ? '' : `: ${complaint}`}`);
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
