import type { Argv, CommandResult } from '../ports/command.ts';

/** A command as a person would have typed it, and its output. */
export interface Evidence {
  /** The equivalent command line, quoted for reading. */
  readonly command: string;
  /** Output as a terminal would have shown it, cut to a limit. */
  readonly output: string;
  /** Exit code that the command had, or would have had; null if a deadline ended it. */
  readonly exitCode: number | null;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** Characters of output that are kept of one command. */
const OUTPUT_LIMIT = 16 * 1024;

/** Cuts the output of evidence to the limit. */
export function boundedEvidence(evidence: Evidence): Evidence {
  if (evidence.output.length <= OUTPUT_LIMIT) return evidence;
  const cut = evidence.output.length - OUTPUT_LIMIT;
  return { ...evidence, output: `${evidence.output.slice(0, OUTPUT_LIMIT)}\n[${cut} more characters]` };
}

/** Returns an argv as a line that a person can read and paste into a shell. */
export function commandLine(argv: Argv | readonly string[]): string {
  return argv.map(quoteForReading).join(' ');
}

function quoteForReading(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Returns the evidence of a command that ran. @param typed the argv that a person would have typed, if it is another one */
export function evidenceOf(result: CommandResult, typed: Argv = result.argv): Evidence {
  return {
    command: commandLine(typed),
    output: [result.stdout, result.stderr].filter((text) => text !== '').join('\n'),
    exitCode: result.end.type === 'exited' ? result.end.exitCode : null,
    startedAt: result.startedAt,
    durationMs: result.durationMs,
  };
}
