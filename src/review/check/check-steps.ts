import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Invocation, MachineModel } from '../../engine/machine/machine-model.ts';
import { type UndoOfStep, undoOfStep } from '../../engine/machine/undo-of-step.ts';
import { asWfError } from '../../engine/model/errors.ts';
import { invokeOf } from '../../engine/model/ids.ts';
import { isJsonList, isJsonObject, type Json, toJson } from '../../engine/model/json.ts';
import {
  ancestorIds,
  type GraphState,
  type GraphStep,
  type MachineGraph,
  statesBelow,
} from '../graph/machine-graph.ts';
import { checkUndo } from './check-undo.ts';
import type { Finding } from './finding.ts';

/** Finds the problems of the steps of a machine whose inputs are constants: others are only known in a run. */
export function checkSteps({ root }: MachineGraph, model: MachineModel): readonly Finding[] {
  const constants = constantInputs(model.machine);
  const known = [...model.invocations.values()].flatMap((invocation): readonly KnownStep[] => {
    const input = constants.get(invocation.invoke);
    if (input === undefined) return [];
    if (invocation.each === undefined) return [{ ...invocation, input }];
    const items = isJsonObject(input) ? input['items'] : undefined;
    return isJsonList(items) ? items.map((item) => ({ ...invocation, input: item })) : [];
  });
  const names = new Set([...model.invocations.keys(), ...model.children.keys()]);
  return [...known.flatMap((step) => checkKnownStep(step, names)), ...withoutOnError(root)];
}

interface KnownStep extends Invocation {
  readonly input: Json;
}

function checkKnownStep({ invoke, runner, input }: KnownStep, names: ReadonlySet<string>): readonly Finding[] {
  const finding = (rest: Omit<Finding, 'where'>): readonly Finding[] => [{ where: [invoke], ...rest }];
  let undo: UndoOfStep;
  let undoes: readonly string[];
  try {
    const rehearsal = runner.rehearse(input);
    undoes = rehearsal.undoes;
    undo = undoOfStep(runner, input, rehearsal);
  } catch (thrown) {
    const { message, hint } = asWfError(thrown);
    return finding({ check: 'step-input', severity: 'error', message: `its input is refused: ${message}`, hint });
  }
  const unknown = undoes.filter((id) => !names.has(invokeOf(id)));
  if (unknown.length > 0) {
    return finding({
      check: 'reverts-unknown-step',
      severity: 'error',
      message: `it undoes ${unknown.join(', ')}, which no state invokes`,
      hint: `Name one of the steps: ${[...names].join(', ')}.`,
    });
  }
  return checkUndo(invoke, runner.kind, undo);
}

/** Returns the inputs that are not functions, by invoke id; an empty object for a step without input. */
function constantInputs({ root }: AnyStateMachine): ReadonlyMap<string, Json> {
  const inputs = new Map<string, Json>();
  const visit = (node: AnyStateNode) => {
    for (const { id, input } of node.invoke) if (typeof input !== 'function') inputs.set(id, toJson(input ?? {}));
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(root);
  return inputs;
}

/** Finds steps without `onError`, in one finding: that is usual, and right if a failure is to undo the run. */
function withoutOnError(root: GraphState): readonly Finding[] {
  const all = new Map(statesBelow(root).map((state) => [state.id, state]));
  const steps = [...all.values()].flatMap((state) => state.steps.map((step) => ({ state, step })));
  const unanswered = steps.filter(({ state, step }) => !answersFailure(state, step, all));
  if (unanswered.length === 0) return [];
  return [
    {
      check: 'no-on-error',
      severity: 'warning',
      where: unanswered.map(({ step }) => step.invoke),
      message:
        `${unanswered.length} of ${steps.length} steps have no \`onError\`, or only one with a guard: ` +
        'if one fails, the run ends, and its changes are undone (unless --on-failure keep)',
      hint: 'Nothing to do if a failure is to undo the run; to continue instead, add an `onError` with a target to the step.',
    },
  ];
}

/** Whether a failure of the step certainly takes a transition: its own `onError`, or that of a surrounding state. */
function answersFailure(state: GraphState, { invoke }: GraphStep, all: ReadonlyMap<string, GraphState>): boolean {
  const failure = `xstate.error.actor.${invoke}`;
  return [state.id, ...ancestorIds(state.id)]
    .flatMap((id) => all.get(id)?.transitions ?? [])
    .some(({ trigger, guard }) => {
      if (guard !== null) return false;
      if (trigger.type === 'error') return trigger.step === invoke;
      return trigger.type === 'event' && fits(trigger.event, failure);
    });
}

/** Whether an event matches a descriptor with XState's wildcards: `*`, and `a.b.*` for a prefix. */
function fits(descriptor: string, event: string): boolean {
  if (descriptor === event || descriptor === '*') return true;
  return descriptor.endsWith('.*') && event.startsWith(descriptor.slice(0, -1));
}
