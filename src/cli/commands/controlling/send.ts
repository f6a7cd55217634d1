import { z } from 'zod';
import { parseSentEvent } from '../../../engine/machine/sent-event.ts';
import { WfError } from '../../../engine/model/errors.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../../engine/model/json.ts';
import { defineCommand } from '../../define-command.ts';
import { control } from './control.ts';
import { controlOptions } from './control-options.ts';

const options = controlOptions.extend({ event: z.string(), data: z.string().optional() });

/** `wf send RUN EVENT`: gives the machine of a run an event, and prints whether it took it. */
export const send = defineCommand(options, async ({ event: type, data, ...given }, services, terminal) => {
  const event = parseSentEvent({ ...dataOf(data), type });
  return control(given, { kind: 'send', event }, services, terminal);
});

/** @throws WfError E_USAGE unless the text is a JSON object */
function dataOf(text: string | undefined): JsonObject {
  if (text === undefined) return {};
  try {
    const data = parseJson(text);
    if (isJsonObject(data)) return data;
  } catch {
    // The error below says what is expected.
  }
  throw new WfError('E_USAGE', `--data ${text}: this is not a JSON object`, {
    hint: `Write, for example, --data '{"by":"Ann"}'.`,
  });
}
