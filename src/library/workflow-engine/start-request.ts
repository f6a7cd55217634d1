import { checkInput } from '../../definition/check-input.ts';
import type { LoadedFile } from '../../definition/load.ts';
import { APPLY_WITHIN_MS } from '../../engine/confirm/confirm-rule.ts';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { parseRunId, RUN_ID_RULE, type RunId } from '../../engine/model/ids.ts';
import type { ConfirmRule, RunOptions } from '../../engine/model/journal-event.ts';
import type { JsonObject } from '../../engine/model/json.ts';
import { parseNotifyArgv } from '../../engine/notify/notify-argv.ts';
import type { Engine, PlanRequest } from '../../engine/run/engine.ts';
import { redactInput } from '../../engine/secrets/secrets.ts';
import type { ConfirmOptions, PlanRunOptions } from './workflow-engine.ts';

/**
 * Returns the request for a run that a program starts or plans.
 * @throws WfError E_INPUT, E_USAGE with what is invalid
 */
export async function startRequest(
  engine: Pick<Engine, 'chooseRuntime'>,
  { workflow, definition }: LoadedFile,
  given: JsonObject,
  { id, runtime, ...options }: PlanRunOptions,
): Promise<PlanRequest> {
  const runOptions = runOptionsOf(workflow, options);
  const input = checkedInput(workflow, given);
  const chosen = runtime ?? (await engine.chooseRuntime(workflow, input)).runtime;
  const request = { workflow, definition, input, runtime: chosen, options: runOptions };
  return id === undefined ? request : { ...request, id: runIdOf(id) };
}

function runOptionsOf(
  workflow: LoadedFile['workflow'],
  { onFailure = 'rollback', pauseAfter, confirm, resume, notify }: Omit<PlanRunOptions, 'id' | 'runtime'>,
): RunOptions {
  return {
    onFailure,
    pauseAfter: stageOf(pauseAfter, workflow),
    ...(confirm === undefined ? {} : { confirm: confirmRule(confirm) }),
    ...(resume === undefined ? {} : { resume }),
    ...(notify === undefined ? {} : { notify: notify && parseNotifyArgv(notify, 'notify') }),
  };
}

/** Checks an input, and redacts the error, which may contain values. */
function checkedInput(workflow: LoadedFile['workflow'], given: JsonObject): JsonObject {
  const { redactError } = redactInput(given, workflow.secretInputs ?? [], () => 0).secrets;
  try {
    return checkInput(workflow, given);
  } catch (thrown) {
    throw redactError(asWfError(thrown));
  }
}

function confirmRule({
  withinMs,
  applyWithinMs = APPLY_WITHIN_MS,
  newSession = false,
  probe = null,
  guard = true,
}: Omit<ConfirmOptions, 'probe'> & { readonly probe?: string | null }): ConfirmRule {
  return { withinMs, applyWithinMs, newSession, probe, guard };
}

/** @throws WfError E_USAGE if the workflow has no such stage */
export function stageOf(stage: string | null | undefined, { name, model }: LoadedFile['workflow']): string | null {
  if (stage === undefined || stage === null || model.stages.includes(stage)) return stage ?? null;
  throw new WfError('E_USAGE', `pauseAfter "${stage}": workflow ${name} has no such stage`, {
    hint: `Its stages: ${model.stages.join(', ')}.`,
  });
}

/** @throws WfError E_USAGE if the text cannot be the id of a run */
export function runIdOf(text: string): RunId {
  const id = parseRunId(text);
  if (id !== undefined) return id;
  throw new WfError('E_USAGE', `"${text}" cannot be the id of a run`, {
    hint: RUN_ID_RULE,
  });
}
