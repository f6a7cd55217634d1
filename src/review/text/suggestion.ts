import { commandLine } from '../../engine/model/evidence.ts';
import type { TextStyle } from './format/text-style.ts';

type Place = Pick<TextStyle, 'database'>;

/** Matches commands that read or write the database. */
const OF_DATABASE =
  /^wf (?:start|apply|plans|resume|rollback|send|pause|cancel|confirm|retry|settle|wait|guard|shell|changes|sweep|runs|show|logs|diff|report|graph|prune|export|agent)\b/;

/** Returns a command line of wf with `--db`, if it needs that. */
export function suggestedCommand(line: string, { database }: Place): string {
  if (database === undefined || !OF_DATABASE.test(line) || / --(?:db|help)\b/.test(line)) return line;
  return `${line} ${commandLine(['--db', database])}`;
}

/** Adds `--db` to each command line between backticks in a text, if it needs that. */
export function suggestions(text: string, place: Place): string {
  return text.replace(/`(wf [^`]+)`/g, (_whole, line: string) => `\`${suggestedCommand(line, place)}\``);
}
