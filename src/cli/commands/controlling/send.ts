import { z } from 'zod';
import { parseSentEvent } from '../../../engine/machine/sent-event.ts';
import { WfError } from '../../../engine/model/errors.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../../engine/model/json.ts';
import { fileText } from '../../arguments/file-text.ts';
import { defineCommand } from '../../define-command.ts';
import { control } from './control.ts';
import { controlOptions } from './control-options.ts';

const options = controlOptions.extend({
  event: z.string(),
  data: z.string().optional(),
  dataFile: z.string().optional(),
});

/** `wf send RUN EVENT`: sends an event to the machine of a run, and prints whether the machine accepted it. */
export const send = defineCommand(options, async ({ event: type, data, dataFile, ...given }, services, terminal) => {
  const event = parseSentEvent({ ...eventData(data, dataFile), type });
  return control(given, { kind: 'send', event }, services, terminal);
});

/** @throws WfError E_USAGE unless it is one JSON object */
function eventData(text: string | undefined, file: string | undefined): JsonObject {
  if (file === undefined) return text === undefined ? {} : dataOf(text, `--data ${text}`);
  if (text !== undefined) {
    throw new WfError('E_USAGE', '--data and --data-file exclude each other', { hint: 'Specify one of the two.' });
  }
  return dataOf(dataText(file), `--data-file ${file}`);
}

function dataOf(text: string, option: string): JsonObject {
  try {
    const data = parseJson(text);
    if (isJsonObject(data)) return data;
  } catch {
    // The error below names what is expected.
  }
  throw new WfError('E_USAGE', `${option}: this is not a JSON object`, {
    hint: `Write, for example, --data '{"by":"Ann"}'.`,
  });
}

function dataText(file: string): string {
  try {
    return fileText(file);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WfError('E_USAGE', `--data-file ${file}: cannot read: ${why}`, {
      hint: 'Give a JSON file with one object.',
      cause: thrown,
    });
  }
}
