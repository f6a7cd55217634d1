import { commandLine } from '../../engine/model/evidence.ts';
import type { TextStyle } from './format/text-style.ts';

type Place = Pick<TextStyle, 'database'>;

/** The commands that read or write the database of the run that a text is about. */
const OF_DATABASE = /^wf (?:start|resume|rollback|shell|changes|sweep|runs|show|logs|diff|report|graph|prune|export)\b/;

/** Returns a command line of wf with the `--db` that makes it work where it is typed. */
export function suggestedCommand(line: string, { database }: Place): string {
  if (database === undefined || !OF_DATABASE.test(line) || / --(?:db|help)\b/.test(line)) return line;
  return `${line} ${commandLine(['--db', database])}`;
}

/** Returns a text with the same done to each command line between backticks. */
export function suggestions(text: string, place: Place): string {
  return text.replace(/`(wf [^`]+)`/g, (_whole, line: string) => `\`${suggestedCommand(line, place)}\``);
}
