import type { Argv, CommandPort } from '../../engine/ports/command.ts';
import { type Section, unreadableSection } from '../differences/shape.ts';
import { UnexpectedOutput } from './parse-output.ts';
import { readTool } from './read-tool.ts';

/** Reading of a host by one tool; undefined, with the reason, if the tool shows nothing. */
export interface ToolReading<Read> {
  readonly read: Read | undefined;
  readonly why: string;
}

/** Runs a read-only tool and parses its output. Unexpected output counts as none. */
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
    if (!(thrown instanceof UnexpectedOutput)) throw thrown;
    return { read: undefined, why: thrown.message };
  }
}

/** Reads the section that one tool shows. */
export async function readSectionWith(
  command: CommandPort,
  argv: Argv,
  parse: (text: string) => Section,
): Promise<Section> {
  const { read, why } = await readWith(command, argv, parse);
  return read ?? unreadableSection(why);
}
