import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { z } from 'zod';
import { asWfError, WfError } from '../model/errors.ts';
import { idInChild } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { childInput, childOf } from '../workflow/child-workflow.ts';
import { runnerOf } from '../workflow/define-step.ts';
import { type AlteredFacets, facetsOf } from '../workflow/facets.ts';
import { type Each, eachOf } from '../workflow/for-each.ts';
import { hostOf } from '../workflow/on-host.ts';
import type { StepRunner } from '../workflow/step.ts';
import type { WorkflowDefinition } from '../workflow/workflow.ts';
import { askSchema } from './ask.ts';
import { allNodes, childrenOf } from './machine-nodes.ts';

/** One place in a machine that invokes a step runner. */
export interface Invocation {
  /** The id under which the machine knows it. */
  readonly invoke: string;
  /** The top-level state that it belongs to. */
  readonly stage: string;
  /** Name of the actor in the machine's `setup`. */
  readonly actor: string;
  /** `meta.title` of the state: it names the changes of the step. */
  readonly title: string | undefined;
  readonly runner: StepRunner;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string;
  /** Set if it is a `forEach`, which carries out the runner for each item. */
  readonly each?: Each;
}

/** One place in a machine that invokes a child workflow. */
export interface Child {
  readonly invoke: string;
  readonly stage: string;
  readonly definition: WorkflowDefinition;
  /** The model of its machine alone. */
  readonly model: MachineModel;
  /** @throws WfError E_STEP_INPUT */
  parseInput(given: Json): JsonObject;
}

/** The facts about a machine that the engine needs, computed once per definition. */
export interface MachineModel {
  readonly machine: AnyStateMachine;
  /** Top-level states, except final ones, in the order of the file. */
  readonly stages: readonly string[];
  /** Its steps, then those of its child workflows: their stage is that of the child (`site/writeIndex`). */
  readonly invocations: ReadonlyMap<string, Invocation>;
  /** Its child workflows, and those in them. */
  readonly children: ReadonlyMap<string, Child>;
  /** Its step runners, by kind. */
  readonly runners: ReadonlyMap<string, StepRunner>;
  /** Whether it gives an actor a name in its system (`systemId`). */
  readonly namesActors: boolean;
  /** Whether any of its steps changes the host. */
  readonly changesHost: boolean;
  /** The facets of the host that its steps can alter. */
  readonly alters: AlteredFacets;
}

/** Actions that only compute: every effect on the world is a step. XState itself adds `cancel` for delays. */
const PURE_ACTIONS = new Set(['xstate.assign', 'xstate.raise', 'xstate.cancel', 'xstate.emit', 'xstate.log']);

/**
 * Reads a machine, and refuses one that cannot run durably.
 * @throws WfError E_WORKFLOW_INVALID with every reason: an action that is not pure, an actor that is neither a step
 * runner nor a child workflow, an invoke id that is used twice, a machine without a top-level state.
 */
export function modelMachine(workflow: string, machine: AnyStateMachine): MachineModel {
  const nodes = allNodes(machine.root);
  const own = new Map<string, Invocation | Child>();
  const problems: string[] = nodes.flatMap((node) => impureActions(machine, node));
  problems.push(...nodes.flatMap(askProblems), ...nodes.flatMap(titleProblems));
  for (const node of nodes) {
    for (const definition of node.invoke) {
      const found = invocationOf(machine, node, definition);
      if (typeof found === 'string') problems.push(found);
      else if (own.has(found.invoke)) {
        problems.push(
          `the invoke id ${found.invoke} is used twice (again in ${nameOf(node)}); each step needs an id of its own`,
        );
      } else own.set(found.invoke, found);
    }
  }
  const stages = childrenOf(machine.root)
    .filter((state) => state.type !== 'final')
    .map((state) => state.key);
  if (stages.length === 0) problems.push('the machine has no top-level state that could be a stage');
  if (problems.length > 0) {
    throw new WfError('E_WORKFLOW_INVALID', `workflow ${workflow}: ${problems.join('; ')}`, {
      hint: 'Change the workflow file. Every effect on the world must be a step: invoke a step runner made with defineStep().',
      details: { problems },
    });
  }
  boundMicrosteps(machine);
  const children = [...own.values()].filter(isChild);
  const invocations = new Map([
    ...[...own.values()].flatMap((found) => (isChild(found) ? [] : [[found.invoke, found] as const])),
    ...children.flatMap((child) => placed(child, child.model.invocations)),
  ]);
  const runners = new Map([...invocations.values()].map(({ runner }) => [runner.kind, runner]));
  const alters = facetsOf([...invocations.values()].map(({ runner }) => runner));
  const changesHost = [...runners.values()].some(({ behaviour }) => behaviour.type === 'change');
  const namesActors =
    nodes.some(({ invoke }) => invoke.some(({ systemId }) => systemId !== undefined)) ||
    children.some(({ model }) => model.namesActors);
  return {
    ...{ machine, stages, invocations, runners, namesActors, changesHost, alters },
    children: new Map(
      children.flatMap((child) => [[child.invoke, child] as const, ...placed(child, child.model.children)]),
    ),
  };
}

function isChild(found: Invocation | Child): found is Child {
  return 'model' in found;
}

/** Returns the invocations of a child workflow as those of its parent. */
function placed<Found extends Invocation | Child>(child: Child, inner: ReadonlyMap<string, Found>) {
  return [...inner.values()].map((found) => {
    const invoke = idInChild(child.invoke, found.invoke);
    return [invoke, { ...found, invoke, stage: child.stage }] as const;
  });
}

/** Limit of transitions at one event: more than any sensible machine takes. */
export const MICROSTEP_LIMIT = 10_000;

/** Ends a machine that loops without an event (an `always` back to its source): XState itself would never stop. */
function boundMicrosteps({ options }: AnyStateMachine): void {
  if (options?.maxIterations === undefined || options.maxIterations === Number.POSITIVE_INFINITY) {
    Object.assign(options, { maxIterations: MICROSTEP_LIMIT });
  }
}

/** The marks by which ids of steps differ from invoke ids, see `stepIdOf`, `itemStepIdOf` and `idInChild`. */
const MARK_OF_A_STEP = /#\d+$|[[/]/;

/** Returns a function that finds the step runners of a machine by kind. */
export function runnersOf({ runners }: MachineModel): (kind: string) => StepRunner | undefined {
  return (kind) => runners.get(kind);
}

function nameOf(node: AnyStateNode): string {
  return node.path.length === 0 ? 'the root state' : `state ${node.path.join('.')}`;
}

function invocationOf(
  machine: AnyStateMachine,
  node: AnyStateNode,
  { id, src, onSnapshot }: { readonly id: string; readonly src: unknown; readonly onSnapshot?: unknown },
): Invocation | Child | string {
  if (MARK_OF_A_STEP.test(id))
    return `the invoke id ${id} reads like the id of a repeated visit, an item or a step of a child; choose one without "#", "[" and "/"`;
  if (onSnapshot !== undefined)
    return `${nameOf(node)} has an onSnapshot for ${id}, but a step runner has no snapshots`;
  if (typeof src !== 'string') return `${nameOf(node)} invokes ${id} inline; name its step runner in setup({ actors })`;
  const implementations: Readonly<Record<string, unknown>> = machine.implementations.actors;
  const logic = implementations[src];
  const stage = node.path[0];
  const definition = childOf(logic);
  if (definition !== undefined && stage !== undefined) return childAt(node, { invoke: id, stage, definition });
  const runner = runnerOf(logic);
  if (runner === undefined && definition === undefined)
    return `${nameOf(node)} invokes ${src}, which is not a step runner made with defineStep()`;
  if (runner === undefined || stage === undefined)
    return `the root state invokes ${src}; a step belongs to a stage, a top-level state`;
  const title = titleOf(node);
  const each = eachOf(logic);
  const host = hostOf(logic);
  return {
    invoke: id,
    stage,
    actor: src,
    title: typeof title === 'string' ? title : undefined,
    runner,
    ...(host === undefined ? {} : { host }),
    ...(each === undefined ? {} : { each }),
  };
}

/** Returns the child workflow, or why it is refused. */
function childAt(node: AnyStateNode, at: Pick<Child, 'invoke' | 'stage' | 'definition'>): Child | string {
  const { name, machine } = at.definition;
  try {
    return { ...at, model: modelMachine(name, machine), parseInput: childInput(at.definition) };
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    if (code !== 'E_WORKFLOW_INVALID') throw thrown;
    return `${nameOf(node)} invokes a child, ${message}`;
  }
}

function titleOf({ meta }: AnyStateNode): unknown {
  const given: unknown = meta;
  return typeof given === 'object' && given !== null && 'title' in given ? given.title : undefined;
}

/** Returns why the title of this state is refused; empty if it has none, or a text. */
function titleProblems(node: AnyStateNode): readonly string[] {
  const title = titleOf(node);
  if (title === undefined || (typeof title === 'string' && title.trim() !== '')) return [];
  return [`${nameOf(node)} has an invalid meta.title: it must be a text`];
}

/** Returns why the question of this state is refused; empty if it has none, or a valid one. */
function askProblems(node: AnyStateNode): readonly string[] {
  const meta: unknown = node.meta;
  if (typeof meta !== 'object' || meta === null || !('ask' in meta)) return [];
  const parsed = askSchema().safeParse(meta.ask);
  if (!parsed.success)
    return [`${nameOf(node)} has an invalid meta.ask: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`];
  const missing = Object.keys(parsed.data.events).filter((type) => !node.events.includes(type));
  return missing.map((type) => `${nameOf(node)} asks for the event ${type}, for which it has no transition`);
}

/** Returns why actions of this state are refused; empty if all are pure. */
function impureActions(machine: AnyStateMachine, node: AnyStateNode): readonly string[] {
  const transitions = [...node.transitions.values()].flat();
  const actions: readonly unknown[] = [
    ...node.entry,
    ...node.exit,
    ...transitions.flatMap((transition) => transition.actions),
    ...(node.always ?? []).flatMap((transition) => transition.actions),
    ...(node.initial?.actions ?? []),
  ];
  const implementations: Readonly<Record<string, unknown>> = machine.implementations.actions;
  return actions.flatMap((action) => {
    const name = typeof action === 'string' ? action : typeOf(action);
    const type = typeof action === 'function' ? typeOf(action) : typeOf(implementations[name ?? '']);
    if (type !== undefined && PURE_ACTIONS.has(type)) return [];
    const described = type ?? (name === undefined || name === '' ? 'a function' : `"${name}"`);
    return [`${nameOf(node)} has the action ${described}; only assign, raise, emit and log are pure`];
  });
}

/** Returns the `type` of an action: a property of action objects, and of the functions that XState's action creators make. */
function typeOf(action: unknown): string | undefined {
  if ((typeof action !== 'object' && typeof action !== 'function') || action === null) return undefined;
  if (!('type' in action) || typeof action.type !== 'string') return undefined;
  return action.type;
}
