import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { StartRequest } from '../run/engine.ts';
import { type RedactedInput, type Secrets, secretsOf } from '../secrets/secrets.ts';
import type { SavedPlan } from './saved-plan.ts';

/**
 * Returns the request that starts the planned run. @param values of the secret inputs
 * @throws WfError E_INPUT if a value is missing
 */
export function requestOfPlan(
  plan: SavedPlan,
  { workflow, definition }: Pick<StartRequest, 'workflow' | 'definition'>,
  values: Readonly<Record<string, string>>,
): StartRequest {
  const { run, runtime, options } = plan;
  const revealed = secretsOfPlan(plan, values).reveal(plan.input);
  const input = isJsonObject(revealed) ? revealed : {};
  return { workflow, definition, input, runtime, options, id: run, plan };
}

/** Returns the planned input: with the same placeholders for the secrets. @param input with their values */
export function plannedInput(plan: SavedPlan, input: JsonObject): RedactedInput {
  const names = Object.keys(plan.options.secrets ?? {});
  const values = Object.fromEntries(names.map((name) => [name, String(input[name])]));
  return { input: plan.input, names, secrets: secretsOfPlan(plan, values) };
}

function secretsOfPlan({ run, input, options }: SavedPlan, values: Readonly<Record<string, string>>): Secrets {
  return secretsOf({ id: run, input, options }, values);
}
