import { isJsonObject, type Json } from '../../../engine/model/json.ts';
import type { RunRecord } from '../../record/run-record.ts';
import { momentText } from '../format/duration.ts';
import { oneLine, wrapWords } from '../format/plain-text.ts';
import type { TextStyle } from '../format/text-style.ts';
import { suggestedCommand } from '../suggestion.ts';

/** Returns what a run waits for: its question to people, the commands that send its events, and its timers. */
export function waitingLines({ id, waitingFor }: RunRecord, style: TextStyle): readonly string[] {
  if (waitingFor === null) return [];
  const { ask, events, timers, confirm } = waitingFor;
  const width = style.width === null ? null : style.width - 2;
  const question = ask === undefined ? [] : [ask.title, ...wrapWords(oneLine(ask.text).split(' '), width, ' ')];
  const commands = events.map(({ type, data }) =>
    suggestedCommand(`wf send ${id} ${oneLine(type)}${dataText(data)}`, style),
  );
  const labels = events.map(({ type }) => ask?.events[type]?.label ?? `event ${type}`);
  const longest = Math.max(0, ...labels.map((label) => label.length));
  return [
    ...(confirm === null
      ? []
      : [
          `  undone at ${momentText(Date.parse(confirm.deadline))}, unless somebody confirms it: ${style.colors.cyan(suggestedCommand(`wf confirm ${id}`, style))}`,
        ]),
    ...question.filter((line) => line !== '').map((line) => `  ${oneLine(line)}`),
    ...commands.map(
      (command, index) => `  ${oneLine(labels[index] ?? '').padEnd(longest)}  ${style.colors.cyan(command)}`,
    ),
    ...timers.map(({ name, deadline }) => `  timer ${oneLine(name)} at ${momentText(Date.parse(deadline))}`),
  ];
}

/** Returns ` --data '{"by":...}'` with the members that the schema requires; an empty string if it requires none. */
function dataText(schema: Json): string {
  const required = isJsonObject(schema) ? schema['required'] : undefined;
  if (!Array.isArray(required) || required.length === 0) return '';
  return ` --data '{${required.map((name) => `${JSON.stringify(name)}:...`).join(',')}}'`;
}
