import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { JsonObject } from '../../engine/model/json.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import { isEnd } from '../../engine/ports/history.ts';
import { followDecisions, type MachinePath, statesIn } from './follow-decisions.ts';
import { type GraphState, isInside, type MachineGraph, statesBelow, stepsIn } from './machine-graph.ts';
import { type StepEnd, stepEnds } from './step-ends.ts';

/**
 * The mark of a state or a step in a run. `current`: the run is there. `failed`: it failed there. `stopped`: the run was there when it was
 * undone, or left it before its outcome.
 */
export type Mark = 'passed' | 'current' | 'failed' | 'stopped' | 'not-run';

/** A run on the graph of its machine. */
export interface RunMarks {
  readonly run: string;
  readonly status: RunStatus;
  readonly states: ReadonlyMap<string, Mark>;
  /** By invoke id. */
  readonly steps: ReadonlyMap<string, Mark>;
  /** How often each transition was taken, by its number, without those that were not taken. */
  readonly taken: ReadonlyMap<number, number>;
}

export interface MarkedRun {
  readonly id: string;
  readonly status: RunStatus;
  readonly journal: readonly JournalEntry[];
}

/** Returns the marks of a run on the graph of its machine, by its journal alone. */
export function markRun(graph: MachineGraph, config: JsonObject, { id, status, journal }: MarkedRun): RunMarks {
  const path = followDecisions(config, journal);
  const ends = stepEnds(journal);
  const over = isEnd(status) || status === 'rolling-back';
  const steps = new Map(
    statesBelow(graph.root).flatMap((state) =>
      stepsIn(state).map(({ invoke }) => [invoke, stepMark(ends.get(invoke), over)] as const),
    ),
  );
  const states = statesBelow(graph.root).map((state) => [state.id, stateMark(state, path, steps, over)] as const);
  return { run: id, status, states: new Map(states), steps, taken: path.taken };
}

/** Returns the mark of a state. */
export function markOf(marks: RunMarks, id: string): Mark {
  return marks.states.get(id) ?? 'not-run';
}

function stateMark(state: GraphState, path: MachinePath, steps: ReadonlyMap<string, Mark>, over: boolean): Mark {
  const active = statesIn(path.value);
  const below = statesBelow(state);
  if (!active.has(state.id)) return path.entered.has(state.id) ? 'passed' : 'not-run';
  if (state.type === 'final') return state.tags.includes('failed') ? 'failed' : 'passed';
  const innermost = below.filter(({ id }) => active.has(id) && ![...active].some((other) => isInside(other, id)));
  if (innermost.every(({ type }) => type === 'final')) {
    return innermost.some(({ tags }) => tags.includes('failed')) ? 'failed' : 'passed';
  }
  if (!over) return 'current';
  const failed = below.some(
    ({ id, steps: own }) => active.has(id) && own.some(({ invoke }) => steps.get(invoke) === 'failed'),
  );
  return failed ? 'failed' : 'stopped';
}

function stepMark(end: StepEnd | undefined, over: boolean): Mark {
  switch (end) {
    case undefined:
      return 'not-run';
    case 'succeeded':
      return 'passed';
    case 'failed':
    case 'stopped':
      return end;
    case 'begun':
      return over ? 'stopped' : 'current';
    case 'due':
      return over ? 'not-run' : 'current';
  }
}
