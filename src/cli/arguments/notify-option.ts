import { parseJson } from '../../engine/model/json.ts';
import { notifyUsage, parseNotifyArgv } from '../../engine/notify/notify-argv.ts';
import type { Argv } from '../../engine/ports/command.ts';

const OPTION = '--notify';

/**
 * Returns the command of --notify: a JSON array, or one program. Null for --no-notify, undefined without either option.
 * @throws WfError E_USAGE
 */
export function notifyOption(given: string | false | undefined): Argv | null | undefined {
  if (given === undefined) return undefined;
  if (given === false) return null;
  return parseNotifyArgv(given.startsWith('[') ? jsonOf(given) : [given], OPTION);
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (thrown) {
    throw notifyUsage(OPTION, text, `not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
