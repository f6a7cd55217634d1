import type { Json, JsonObject } from '../../../engine/model/json.ts';
import { secretSource, typedCommand } from '../actions/typed-command.ts';
import type { PageFrame } from '../page-model.ts';
import { OPTION_NAMES } from './start-options.ts';

interface Start {
  readonly workflow: string;
  readonly input: JsonObject;
  readonly options: JsonObject;
  readonly secrets: readonly string[];
}

/** Returns the command line that starts the same run. It names where a secret may come from, never the secret. */
export function startCommand(frame: PageFrame, { workflow, input, options, secrets }: Start): string {
  const inputs = Object.entries(input).map(
    ([name, value]) =>
      ['--input', `${name}=${secrets.includes(name) ? secretSource(value) : plainText(value)}`] as const,
  );
  const given = Object.entries(options).flatMap(([name, value]) => {
    const option = OPTION_NAMES[name];
    return option === undefined ? [] : [[option, plainText(value)] as const];
  });
  return typedCommand(frame, 'start', [workflow], [...inputs, ...given]);
}

function plainText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
