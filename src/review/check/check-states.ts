import {
  ancestorIds,
  type GraphState,
  type GraphTransition,
  type MachineGraph,
  statesBelow,
} from '../graph/machine-graph.ts';
import { targetText, triggerTextWithStep } from '../graph/transition-text.ts';
import type { Finding } from './finding.ts';
import { isShadowed, type Reach, reachableStates } from './reachable-states.ts';
import { statesWithoutEnd } from './states-without-end.ts';

/** Finds the problems of the states and transitions of a machine. */
export function checkStates({ root }: MachineGraph): readonly Finding[] {
  const reach = reachableStates(root);
  const states = statesBelow(root).filter(({ id }) => reach.states.has(id));
  return [
    ...states.flatMap((state) => neverDone(state, reach)),
    ...unreachable(root, reach),
    ...statesWithoutEnd(root, reach).flatMap((group) => noWayOut(group, root)),
    ...statesBelow(root).flatMap(neverTaken),
    ...unnamedDelays(root),
  ];
}

function neverDone(state: GraphState, reach: Reach): readonly Finding[] {
  const waits = state.transitions.some(({ trigger }) => trigger.type === 'state-done');
  if (!waits || state.id === '' || reach.canBeDone(state)) return [];
  const endless = state.type === 'parallel' ? state.states.filter((region) => !reach.canBeDone(region)) : [state];
  const names = endless.map(({ id }) => id).join(', ');
  return [
    {
      check: 'never-done',
      severity: 'error',
      where: [state.id],
      message: `its \`onDone\` is never taken: no final state is reachable in ${names}`,
      hint: `Add a state of type 'final' to ${names}, as the target of its last step.`,
    },
  ];
}

/** Finds unreachable states; those inside another unreachable state are not reported. */
function unreachable(root: GraphState, reach: Reach): readonly Finding[] {
  return statesBelow(root)
    .filter(({ id }) => !reach.states.has(id) && ancestorIds(id).every((outer) => reach.states.has(outer)))
    .map(({ id }) => ({
      check: 'unreachable-state',
      severity: 'error',
      where: [id],
      message: 'no run reaches this state: no transition that can be taken leads to it',
      hint: 'Make it the target of the step before it (`onDone`), or remove it.',
    }));
}

function noWayOut(group: readonly string[], root: GraphState): readonly Finding[] {
  const [only = '', ...others] = group;
  const finding = (message: string, hint: string): readonly Finding[] => [
    { check: 'no-way-to-an-end', severity: 'error', where: group, message, hint },
  ];
  if (others.length > 0) {
    return finding(
      'a run that enters these states never ends: they lead only to each other',
      'Add a transition from one of them to a final state.',
    );
  }
  const all = new Map(statesBelow(root).map((state) => [state.id, state]));
  if (all.get(only)?.type !== 'final') {
    return finding(
      'a run that enters this state never leaves it: it has no transition to another state, and is not final',
      "Add a transition, or make it final with `type: 'final'`.",
    );
  }
  const ended = endedBy(only, all);
  // With an `onDone`, it is the end of a region that waits for another one: `never-done` reports that.
  if (ended?.transitions.some(({ trigger }) => trigger.type === 'state-done')) return [];
  const name = ended?.id ?? '';
  return finding(
    `a run that enters this state never leaves it: it ends ${name}, which has no \`onDone\``,
    `Add an \`onDone\` to ${name}.`,
  );
}

/** Returns the state that a final state ends: its parent or, in a region, the parallel state. */
function endedBy(id: string, all: ReadonlyMap<string, GraphState>): GraphState | undefined {
  const [parent = '', outer] = ancestorIds(id);
  if (outer !== undefined && all.get(outer)?.type === 'parallel') return endedBy(parent, all);
  return all.get(parent);
}

function neverTaken({ id, name, transitions }: GraphState): readonly Finding[] {
  return transitions
    .filter((transition) => isShadowed(transition, transitions))
    .map((transition: GraphTransition) => ({
      check: 'transition-never-taken',
      severity: 'warning',
      where: [id || name],
      message: `\`${triggerTextWithStep(transition)}\` to ${targetText(transition)} is never taken: one before it has no guard`,
      hint: 'Move the candidate without a guard to the end, or remove the candidates after it.',
    }));
}

function unnamedDelays(root: GraphState): readonly Finding[] {
  const found = statesBelow(root).filter(({ transitions }) =>
    transitions.some(({ trigger }) => trigger.type === 'after' && /^[\d.]+$/.test(trigger.delay)),
  );
  if (found.length === 0) return [];
  return [
    {
      check: 'unnamed-delay',
      severity: 'warning',
      where: found.map(({ id }) => id),
      message: 'a delay is a bare number: neither the graph nor the journal shows what the run waits for',
      hint: 'Name it: `setup({ delays: { settle: 20 } })` and `after: { settle: ... }`.',
    },
  ];
}
