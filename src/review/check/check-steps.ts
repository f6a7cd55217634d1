import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Invocation, MachineModel } from '../../engine/machine/machine-model.ts';
import { asWfError } from '../../engine/model/errors.ts';
import { isJsonObject, type Json, toJson } from '../../engine/model/json.ts';
import {
  ancestorIds,
  type GraphState,
  type GraphStep,
  type MachineGraph,
  statesBelow,
} from '../graph/machine-graph.ts';
import type { Finding } from './finding.ts';

/** What is wrong with the steps of a machine, as far as their inputs are constants: others are only known in a run. */
export function checkSteps({ root }: MachineGraph, model: MachineModel): readonly Finding[] {
  const constants = constantInputs(model.machine);
  const known = [...model.invocations.values()].flatMap((invocation): readonly KnownStep[] => {
    const input = constants.get(invocation.invoke);
    return input === undefined ? [] : [{ ...invocation, input }];
  });
  const names = new Set(model.invocations.keys());
  return [...known.flatMap((step) => checkKnownStep(step, names)), ...withoutOnError(root)];
}

interface KnownStep extends Invocation {
  readonly input: Json;
}

function checkKnownStep({ invoke, runner, input }: KnownStep, names: ReadonlySet<string>): readonly Finding[] {
  const finding = (rest: Omit<Finding, 'where'>): readonly Finding[] => [{ where: [invoke], ...rest }];
  let parsed: Json;
  let rehearsal: ReturnType<typeof runner.rehearse>;
  try {
    parsed = runner.parseInput(input);
    rehearsal = runner.rehearse(input);
  } catch (thrown) {
    const { message, hint } = asWfError(thrown);
    return finding({ check: 'step-input', severity: 'error', message: `its input is refused: ${message}`, hint });
  }
  const unknown = rehearsal.undoes.filter((id) => !names.has(id.replace(/#\d+$/, '')));
  if (unknown.length > 0) {
    return finding({
      check: 'reverts-unknown-step',
      severity: 'error',
      message: `it undoes ${unknown.join(', ')}, which no state invokes`,
      hint: `The steps are: ${[...names].join(', ')}.`,
    });
  }
  const { behaviour } = runner;
  if (behaviour.type !== 'change' || behaviour.kept !== null || rehearsal.undo.length > 0) return [];
  const undo = isJsonObject(parsed) ? parsed['undo'] : undefined;
  if (undo === null) {
    return finding({
      check: 'no-undo',
      severity: 'error',
      message: 'what it changes cannot be undone: a rollback leaves it standing, and the host needs attention',
      hint: "Give its input an `undo`. A command that leaves nothing behind says so with `undo: ['true']`.",
    });
  }
  // What does not outlive a reboot vanishes with something else, as a link does with its namespace.
  if (undo !== undefined || !behaviour.survivesReboot) return [];
  return finding({
    check: 'undo-not-named',
    severity: 'warning',
    message: `a dry run cannot show how its change is undone: ${runner.kind} names no command for it`,
    hint: 'Give the step runner `rehearseUndo`, if what it makes does not vanish with something else.',
  });
}

/** Inputs that are no functions, by invoke id. Without one, a step is given an empty object. */
function constantInputs({ root }: AnyStateMachine): ReadonlyMap<string, Json> {
  const inputs = new Map<string, Json>();
  const visit = (node: AnyStateNode) => {
    for (const { id, input } of node.invoke) if (typeof input !== 'function') inputs.set(id, toJson(input ?? {}));
    for (const child of Object.values(node.states)) visit(child);
  };
  visit(root);
  return inputs;
}

/** Told once for all steps: it is the usual, and right where a failure is to undo the run. */
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
        'if one fails, the run ends, and what it did is undone (unless --on-failure keep)',
      hint: 'Right as it is where a failure is to undo the run. To go on instead, give the step an `onError` with a target.',
    },
  ];
}

/** Whether a transition is taken for certain when a step fails: its own `onError`, or one of a state that holds it. */
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

/** XState's wildcards: `*`, and `a.b.*` for all that begins so. */
function fits(descriptor: string, event: string): boolean {
  if (descriptor === event || descriptor === '*') return true;
  return descriptor.endsWith('.*') && event.startsWith(descriptor.slice(0, -1));
}
