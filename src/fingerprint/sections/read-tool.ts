import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv, CommandPort } from '../../engine/ports/command.ts';
import { OVERTAKEN, READ_LIMITS, repeatOvertaken } from '../../host/ip/run-ip.ts';

/** Output of a tool, or the reason why there is none: it is not installed, may not be run, or failed. */
export type ToolAnswer =
  | { readonly found: 'output'; readonly stdout: string }
  | { readonly found: 'nothing'; readonly why: string };

/** Ends the reason why a tool that this machine does not have shows nothing. */
export const NOT_INSTALLED = 'is not installed';

const FORBIDDEN = /permission denied|operation not permitted|must be root/i;

/** Runs a tool that only reads. @throws WfError as CommandPort.run if it cannot be started on a machine that has it. */
export async function readTool(command: CommandPort, argv: Argv, stdin?: string): Promise<ToolAnswer> {
  try {
    const options = stdin === undefined ? READ_LIMITS : { ...READ_LIMITS, stdin };
    const result = await repeatOvertaken(() => command.run(argv, options));
    if (result === undefined) return failed(argv, OVERTAKEN);
    if (result.truncated) return failed(argv, 'its output is too long');
    if (result.end.type !== 'exited') return failed(argv, `it was ended (${result.end.type})`);
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
