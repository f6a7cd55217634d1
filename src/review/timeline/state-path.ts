import { isJsonObject, type Json } from '../../engine/model/json.ts';
import type { RunMaterial } from '../record/run-material.ts';
import { answersFailure } from '../record/stage-visits.ts';

/** One stay of a run's machine in one state. */
export interface StateVisit {
  readonly name: string;
  /** Those in the states inside it, in the order in which they were entered. */
  readonly inner: readonly StateVisit[];
  /** Whether several of the states inside it were active at the same time. */
  readonly parallel: boolean;
  /** Whether the machine is still in it after its last decision. */
  readonly active: boolean;
  /** Whether the outcome that made the machine leave it was a failure. */
  readonly leftByFailure: boolean;
}

/**
 * The way of a run through its machine, from the state values in its journal alone: the visits to its top-level states, in
 * order. A state that the machine passed through within one decision is in no state value; `wf graph` finds those too. Final
 * states inside others are left out: whether one is passed through so depends on which of two parts ends first.
 */
export function statePath({ journal, innerEnds }: Pick<RunMaterial, 'journal' | 'innerEnds'>): readonly StateVisit[] {
  const visits = journal.reduce<readonly StateVisit[]>(
    (before, entry) =>
      entry.event.type === 'decided' ? followValue(before, entry.event.value, answersFailure(entry)) : before,
    [],
  );
  const without = (all: readonly StateVisit[], outer: string): readonly StateVisit[] =>
    all
      .filter(({ name }) => !innerEnds.has(outer + name))
      .map((visit) => ({ ...visit, inner: without(visit.inner, `${outer}${visit.name}.`) }));
  return without(visits, '');
}

/** The ids of all states that were visited, as paths joined by dots, in the order in which they were entered first. */
export function statesOnPath(path: readonly StateVisit[]): ReadonlySet<string> {
  const below = (visits: readonly StateVisit[], outer: string): readonly string[] =>
    visits.flatMap(({ name, inner }) => [outer + name, ...below(inner, `${outer}${name}.`)]);
  return new Set(below(path, ''));
}

function followValue(visits: readonly StateVisit[], value: Json, byFailure: boolean): readonly StateVisit[] {
  const active = activeIn(value);
  const kept = visits.map((visit) => {
    if (!visit.active) return visit;
    const inside = active.get(visit.name);
    return inside === undefined ? left(visit, byFailure) : entered(visit, inside, byFailure);
  });
  const already = new Set(visits.filter((visit) => visit.active).map(({ name }) => name));
  const fresh = [...active]
    .filter(([name]) => !already.has(name))
    .map(([name, inside]) =>
      entered({ name, inner: [], parallel: false, active: true, leftByFailure: false }, inside, byFailure),
    );
  return [...kept, ...fresh];
}

function entered(visit: StateVisit, inside: Json, byFailure: boolean): StateVisit {
  const parallel = visit.parallel || activeIn(inside).size > 1;
  return { ...visit, inner: followValue(visit.inner, inside, byFailure), parallel };
}

function left(visit: StateVisit, byFailure: boolean): StateVisit {
  if (!visit.active) return visit;
  const inner = visit.inner.map((inside) => left(inside, byFailure));
  return { ...visit, inner, active: false, leftByFailure: byFailure };
}

/** The states that a state value names at its outermost level, each with the value inside it. */
function activeIn(value: Json): ReadonlyMap<string, Json> {
  if (typeof value === 'string') return new Map(value === '' ? [] : [[value, null]]);
  return new Map(isJsonObject(value) ? Object.entries(value) : []);
}
