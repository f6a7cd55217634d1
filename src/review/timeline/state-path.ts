import { isJsonObject, type Json } from '../../engine/model/json.ts';
import type { RunMaterial } from '../record/run-material.ts';
import { answersFailure } from '../record/steps/stage-visits.ts';

/** A visit of a machine to a state. */
export interface StateVisit {
  readonly name: string;
  /** Visits to its inner states, in the order of entry. */
  readonly inner: readonly StateVisit[];
  /** Whether several of its inner states were active at the same time. */
  readonly parallel: boolean;
  /** Whether the machine is still in it after its last decision. */
  readonly active: boolean;
  /** Whether the machine left it because of a failure. */
  readonly leftByFailure: boolean;
}

/**
 * Returns the path of a run through its machine by the state values in its journal: the visits to its top-level states, in order. A state
 * that was entered and left within one decision is in no state value; `wf graph` finds those too. Final states inside others are left out:
 * whether they are in a state value depends on which of two regions ends first.
 */
export function statePath({ journal, innerEnds }: Pick<RunMaterial, 'journal' | 'innerEnds'>): readonly StateVisit[] {
  const visits = journal.reduce<readonly StateVisit[]>(
    (before, entry) =>
      entry.event.type === 'decided' || entry.event.type === 'retried'
        ? followValue(before, entry.event.value, answersFailure(entry))
        : before,
    [],
  );
  const without = (all: readonly StateVisit[], outer: string): readonly StateVisit[] =>
    all
      .filter(({ name }) => !innerEnds.has(outer + name))
      .map((visit) => ({ ...visit, inner: without(visit.inner, `${outer}${visit.name}.`) }));
  return without(visits, '');
}

/** Returns the ids of all visited states, as paths joined by dots, in the order of the first entry. */
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

/** Returns the outermost states of a state value, each with its inner value. */
function activeIn(value: Json): ReadonlyMap<string, Json> {
  if (typeof value === 'string') return new Map(value === '' ? [] : [[value, null]]);
  return new Map(isJsonObject(value) ? Object.entries(value) : []);
}
