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
import { statesWithoutEnd } from './way-to-an-end.ts';

/** What is wrong with the states and transitions of a machine. */
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
      message: `its \`onDone\` is never taken: no final state can be reached in ${names}`,
      hint: `Give ${names} a state of type 'final' that its last step leads to.`,
    },
  ];
}

/** Of a state that cannot be reached, what lies in it is not told. */
function unreachable(root: GraphState, reach: Reach): readonly Finding[] {
  return statesBelow(root)
    .filter(({ id }) => !reach.states.has(id) && ancestorIds(id).every((outer) => reach.states.has(outer)))
    .map(({ id }) => ({
      check: 'unreachable-state',
      severity: 'error',
      where: [id],
      message: 'no run ever comes here: no transition that can be taken leads to it',
      hint: 'Let the step before it lead here (`onDone`), or take the state out.',
    }));
}

function noWayOut(group: readonly string[], root: GraphState): readonly Finding[] {
  const [only = '', ...others] = group;
  const finding = (message: string, hint: string): readonly Finding[] => [
    { check: 'no-way-to-an-end', severity: 'error', where: group, message, hint },
  ];
  if (others.length > 0) {
    return finding(
      'a run that comes here goes round for ever: these states lead only to each other',
      'Let one of them lead on to a final state.',
    );
  }
  const all = new Map(statesBelow(root).map((state) => [state.id, state]));
  if (all.get(only)?.type !== 'final') {
    return finding(
      'a run that comes here stays for ever: no transition leads out of it, and it is not final',
      "Let it lead on, or make it an end with `type: 'final'`.",
    );
  }
  const ended = endedBy(only, all);
  // With an `onDone`, its end is one of a region that waits for another one: that is told as `never-done`.
  if (ended?.transitions.some(({ trigger }) => trigger.type === 'state-done')) return [];
  const name = ended?.id ?? '';
  return finding(
    `a run that comes here stays for ever: it is an end of ${name}, which has no \`onDone\``,
    `Give ${name} an \`onDone\` that leads on.`,
  );
}

/** The state whose end a final state is: its parent, or, of a region, the parallel state. */
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
      hint: 'Put the candidate without a guard last, or take out what stands behind it.',
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
      message: 'a delay is a bare number: nobody reads from it what is waited for, in the picture or in the journal',
      hint: 'Name it: `setup({ delays: { settle: 20 } })` and `after: { settle: ... }`.',
    },
  ];
}
