import type { Argv, CommandPort } from '../../engine/ports/command.ts';
import { type Section, unreadableSection } from '../differences/shape.ts';
import { OddAnswer } from './parse-answer.ts';
import { readTool } from './read-tool.ts';

/** Reading of a host by one tool; undefined if the tool shows nothing, with the reason. */
export interface ToolReading<Read> {
  readonly read: Read | undefined;
  readonly why: string;
}

/** Runs a tool that only reads, and parses what it writes. A tool that answers oddly is one that shows nothing. */
export async function readWith<Read>(
  command: CommandPort,
  argv: Argv,
  parse: (text: string) => Read,
): Promise<ToolReading<Read>> {
  const answer = await readTool(command, argv);
  if (answer.found !== 'output') return { read: undefined, why: answer.why };
  try {
    return { read: parse(answer.stdout), why: '' };
  } catch (thrown) {
    if (!(thrown instanceof OddAnswer)) throw thrown;
    return { read: undefined, why: thrown.message };
  }
}

/** The section that one tool shows. */
export async function readSectionWith(
  command: CommandPort,
  argv: Argv,
  parse: (text: string) => Section,
): Promise<Section> {
  const { read, why } = await readWith(command, argv, parse);
  return read ?? unreadableSection(why);
}
