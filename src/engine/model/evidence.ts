import type { Argv, CommandResult } from '../ports/command.ts';

/** What a person would have typed, and what came back. */
export interface Evidence {
  /** The equivalent command line, quoted for reading. */
  readonly command: string;
  /** Output as a terminal would have shown it, bounded. */
  readonly output: string;
  /** Exit code that the command had, or would have had; null where it was ended by a deadline. */
  readonly exitCode: number | null;
  readonly startedAt: number;
  readonly durationMs: number;
}

/** At most this much of one command's output is kept as evidence. */
const OUTPUT_LIMIT = 16 * 1024;

/** Evidence with its output cut to what is kept. */
export function boundedEvidence(evidence: Evidence): Evidence {
  if (evidence.output.length <= OUTPUT_LIMIT) return evidence;
  const cut = evidence.output.length - OUTPUT_LIMIT;
  return { ...evidence, output: `${evidence.output.slice(0, OUTPUT_LIMIT)}\n[${cut} more characters]` };
}

/** An argv as a line that a person can read and paste into a shell. */
export function commandLine(argv: Argv | readonly string[]): string {
  return argv.map(quoteForReading).join(' ');
}

function quoteForReading(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Evidence of a command that ran; `typed` is what a person would have typed, where that is something else. */
export function evidenceOf(result: CommandResult, typed: Argv = result.argv): Evidence {
  return {
    command: commandLine(typed),
    output: [result.stdout, result.stderr].filter((text) => text !== '').join('\n'),
    exitCode: result.end.type === 'exited' ? result.end.exitCode : null,
    startedAt: result.startedAt,
    durationMs: result.durationMs,
  };
}
