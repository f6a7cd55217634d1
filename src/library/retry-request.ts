import { checkInput } from '../definition/check-input.ts';
import type { LoadedFile } from '../definition/load.ts';
import { asWfError } from '../engine/model/errors.ts';
import { isJsonObject } from '../engine/model/json.ts';
import type { StoredRun } from '../engine/ports/history.ts';
import type { StartRequest } from '../engine/run/engine.ts';
import { requireValues, secretsOf } from '../engine/secrets/secrets.ts';

/** The secret inputs of a run: their values, and where those come from; see `RunOptions.secrets`. */
interface GivenSecrets {
  readonly values: Readonly<Record<string, string>>;
  readonly sources: Readonly<Record<string, string | null>>;
}

/**
 * Returns the request that starts a rolled-back run anew: under the current definition, with the input, runtime and options of the run.
 * @throws WfError E_INPUT if a secret is missing, or the current schema refuses the input
 */
export function retryRequest(
  run: StoredRun,
  { workflow, definition }: Pick<LoadedFile, 'workflow' | 'definition'>,
  { values, sources }: GivenSecrets,
): StartRequest {
  const secrets = secretsOf(run, values);
  requireValues(run, secrets);
  const revealed = secrets.reveal(run.input);
  const before = isJsonObject(revealed) ? revealed : {};
  const { plan: _used, hosts: _before, ...again } = run.options;
  const options = {
    ...again,
    ...(run.options.secrets === undefined ? {} : { secrets: sources }),
    retryOf: run.id,
  };
  try {
    // Parsed already under the same definition: a schema may transform what it parses.
    const input = definition.hash === run.definitionHash ? before : checkInput(workflow, before);
    return { workflow, definition, input, runtime: run.runtime, options };
  } catch (thrown) {
    throw secrets.redactError(asWfError(thrown));
  }
}
