import type { AnyStateMachine, OutputFrom, PromiseActorLogic } from 'xstate';
import { z } from 'zod';
import { WfError } from '../model/errors.ts';
import { isJsonObject, type Json, type JsonObject, type JsonOf, toJson } from '../model/json.ts';
import { secretInputs } from '../secrets/secret-inputs.ts';
import { hasPlaceholder } from '../secrets/secrets.ts';
import { unrunnableLogic } from './define-step.ts';
import type { Requirement } from './requirement.ts';
import type { WorkflowDefinition } from './workflow.ts';

/** A workflow as a value for XState's `setup({ actors })`, with the types of its input and its output. */
export type ChildActor<Input, Output> = PromiseActorLogic<Output, Input> & { readonly child: WorkflowDefinition };

/**
 * Lets a state carry out a whole workflow inside the run: its steps, changes and timers are those of the run, with the id of the
 * invocation before theirs (`site/writeIndex`). It fails if it does not handle the failure of a step, or ends in a state tagged `failed`.
 * The run alone determines its kept changes, its proofs and its hosts: `keepsChanges`, `proofs`, `narrative`, `notify` and `hosts` of the
 * child have no effect.
 */
export function childWorkflow<Schema extends z.ZodObject, Machine extends AnyStateMachine>(
  definition: WorkflowDefinition<Schema, Machine>,
): ChildActor<z.input<Schema>, JsonOf<OutputFrom<Machine>>> {
  return Object.assign(
    unrunnableLogic<JsonOf<OutputFrom<Machine>>, z.input<Schema>>(`child workflow ${definition.name}`),
    { child: definition },
  );
}

/** Returns the definition of an actor logic that childWorkflow made; undefined for any other. */
export function childOf(logic: unknown): WorkflowDefinition | undefined {
  return isChildActor(logic) ? logic.child : undefined;
}

function isChildActor(logic: unknown): logic is { readonly child: WorkflowDefinition } {
  return typeof logic === 'object' && logic !== null && 'child' in logic;
}

/** Returns the requirements of a workflow with this input, for those of a workflow that has it as a child. */
export function requirementsOf<Schema extends z.ZodObject>(
  { input, requirements }: Pick<WorkflowDefinition<Schema>, 'input' | 'requirements'>,
  given: z.input<Schema>,
): readonly Requirement[] {
  return requirements?.(input.parse(given)) ?? [];
}

/**
 * Returns the function that checks the input of a child workflow by its schema. In place of a secret, the input has the placeholder that
 * its parent got. @throws WfError E_WORKFLOW_INVALID if an input that is marked as secret cannot be one
 */
export function childInput({ name, input }: WorkflowDefinition): (given: Json) => JsonObject {
  const secrets = secretInputs(name, input);
  return (given) => {
    const values = isJsonObject(given) ? given : {};
    const passed = secrets.filter((secret) => hasPlaceholder(values[secret]));
    const schema = input.safeExtend(Object.fromEntries(passed.map((secret) => [secret, z.string()]))).strict();
    const parsed = schema.safeParse(given);
    if (!parsed.success) throw refused(name, `input is not valid: ${z.prettifyError(parsed.error)}`);
    const checked = toJson(parsed.data);
    const revealed = secrets.find((secret) => !passed.includes(secret) && (values[secret] ?? '') !== '');
    if (revealed !== undefined) throw refused(name, `input ${revealed} is secret, and is given a text that is not`);
    return isJsonObject(checked) ? checked : {};
  };
}

function refused(name: string, why: string): WfError {
  return new WfError('E_STEP_INPUT', `child workflow ${name}: ${why}`, {
    hint: 'Compare the `input` of its invocation with its schema; only a secret input of the run can be passed on as a secret.',
  });
}
