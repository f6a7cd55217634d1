import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { idInChild } from '../../engine/model/ids.ts';
import type { Json, JsonObject } from '../../engine/model/json.ts';
import { nameOf } from './function-text.ts';
import {
  type GraphState,
  type GraphStep,
  type GraphTransition,
  type MachineGraph,
  statesBelow,
  type Trigger,
} from './machine-graph.ts';
import { plainConfig } from './plain-config.ts';
import { tracedMachine, transitionOf } from './traced-machine.ts';

/** The members of a stored definition (see `describeDefinition`) that are drawn. */
const definitionSchema = z.object({
  name: z.string(),
  version: z.string(),
  machine: z.object({ config: z.custom<JsonObject>(isObject, 'must be an object') }),
  runners: z.record(z.string(), z.object({ kind: z.string(), host: z.string().optional() })).default({}),
  children: z.record(z.string(), z.custom<JsonObject>(isObject, 'must be an object')).default({}),
});

/** The machine of a definition that is stored, or was just loaded. */
export interface ReadDefinition {
  readonly graph: MachineGraph;
  /** Config for XState's `createMachine` and its tools, with names for functions. */
  readonly config: JsonObject;
}

/**
 * Reads a definition in the form of `describeDefinition`, without the workflow file. XState itself resolves the targets of transitions.
 * @throws WfError E_WORKFLOW_INVALID if it describes no machine
 */
export function readDefinition(description: Json): ReadDefinition {
  const parsed = definitionSchema.safeParse(description);
  if (!parsed.success) throw notAMachine('the definition', z.prettifyError(parsed.error));
  const { name, version, machine, runners, children } = parsed.data;
  const config = plainConfig(machine.config);
  const root = machineFrom(name, config).root;
  const graphs = new Map(Object.entries(children).map(([invoke, child]) => [invoke, readDefinition(child).graph]));
  const stepOf: StepOf = (invoke, actor) => {
    const child = graphs.get(invoke);
    const runner = runners[invoke];
    return child === undefined
      ? { invoke, actor, kind: null, ...runner }
      : { invoke, actor, kind: `workflow ${child.workflow}`, steps: stepsOf(child).map(inChild(invoke)) };
  };
  return { graph: { workflow: name, version, root: graphState(root, stepOf) }, config };
}

type StepOf = (invoke: string, actor: string) => GraphStep;

function stepsOf({ root }: MachineGraph): readonly GraphStep[] {
  return statesBelow(root).flatMap(({ steps }) => steps);
}

function inChild(child: string): (step: GraphStep) => GraphStep {
  return ({ steps, ...step }) => ({
    ...step,
    invoke: idInChild(child, step.invoke),
    ...(steps === undefined ? {} : { steps: steps.map(inChild(child)) }),
  });
}

function machineFrom(name: string, config: JsonObject): AnyStateMachine {
  try {
    const machine = tracedMachine(config, () => false);
    resolveAll(machine.root);
    return machine;
  } catch (thrown) {
    throw notAMachine(`workflow ${name}`, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

/** Resolves the initial child of each state, which XState does lazily; throws if there is none with that name. */
function resolveAll(node: AnyStateNode): void {
  if (node.type === 'compound') void node.initial;
  for (const child of Object.values(node.states)) resolveAll(child);
}

function graphState(node: AnyStateNode, stepOf: StepOf): GraphState {
  const initial = node.type === 'compound' ? node.initial.target[0] : undefined;
  return {
    id: idOf(node),
    name: node.path.at(-1) ?? node.machine.id,
    type: node.type,
    initial: initial === undefined ? null : idOf(initial),
    description: node.description ?? null,
    tags: node.tags,
    steps: node.invoke.map(({ id, src }) => stepOf(id, nameOfSource(src))),
    transitions: transitionsOf(node),
    states: childrenOf(node).map((child) => graphState(child, stepOf)),
  };
}

/** Returns the transitions in the order of display: those of steps, then others, then that of the end of the state. */
function transitionsOf(node: AnyStateNode): readonly GraphTransition[] {
  const always = (node.always ?? []).map((definition, candidate) =>
    graphTransition(node, { type: 'always' }, definition, candidate),
  );
  const others = [...node.transitions].flatMap(([descriptor, definitions]) =>
    definitions.map((definition, candidate) =>
      graphTransition(node, triggerOf(node, descriptor, delayOf(definition)), definition, candidate),
    ),
  );
  return [...others, ...always].toSorted((a, b) => ORDER.indexOf(a.trigger.type) - ORDER.indexOf(b.trigger.type));
}

const ORDER: readonly Trigger['type'][] = ['done', 'error', 'always', 'after', 'event', 'state-done'];

interface TransitionDefinition {
  readonly target: readonly AnyStateNode[] | undefined;
  readonly guard?: unknown;
  readonly actions: readonly unknown[];
}

function graphTransition(
  node: AnyStateNode,
  trigger: Trigger,
  { target, guard, actions }: TransitionDefinition,
  candidate: number,
): GraphTransition {
  return {
    number: transitionOf(actions[0]) ?? -1,
    source: idOf(node),
    trigger,
    candidate,
    targets: (target ?? []).map(idOf),
    guard: guard === undefined || guard === null ? null : guardName(guard),
  };
}

function triggerOf(node: AnyStateNode, descriptor: string, delay: string | undefined): Trigger {
  if (delay !== undefined) return { type: 'after', delay };
  if (descriptor === `xstate.done.state.${node.id}`) return { type: 'state-done' };
  for (const { id } of node.invoke) {
    if (descriptor === `xstate.done.actor.${id}`) return { type: 'done', step: id };
    if (descriptor === `xstate.error.actor.${id}`) return { type: 'error', step: id };
  }
  return { type: 'event', event: descriptor };
}

function delayOf(definition: object): string | undefined {
  return 'delay' in definition ? String(definition.delay) : undefined;
}

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const type = typeof guard === 'object' && guard !== null && 'type' in guard ? guard.type : undefined;
  return typeof type === 'string' ? type : 'inline';
}

function nameOfSource(src: unknown): string {
  return typeof src === 'string' ? src : nameOf(null);
}

function childrenOf(node: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(node.states);
}

function idOf(node: AnyStateNode): string {
  return node.path.join('.');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notAMachine(what: string, why: string, cause?: unknown): WfError {
  return new WfError('E_WORKFLOW_INVALID', `${what} describes no machine that can be drawn: ${why}`, {
    hint: 'Run `wf check` on the workflow file.',
    cause,
  });
}
