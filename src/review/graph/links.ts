import { ancestorIds, type GraphState, type MachineGraph, statesBelow } from './machine-graph.ts';
import { isDrawn, triggerTextWithStep } from './transition-text.ts';

/** An arrow of a drawing: all transitions between the same two states. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
  /** How often its transitions were taken, in all. */
  readonly taken: number;
}

/** The arrows of a machine. A transition with several targets has an arrow to each; one that stays has none. */
export function linksOf({ root }: MachineGraph, taken: ReadonlyMap<number, number> = new Map()): readonly Link[] {
  const links = new Map<string, Link>();
  for (const state of statesBelow(root)) {
    for (const transition of state.transitions.filter(isDrawn)) {
      const times = taken.get(transition.number) ?? 0;
      const label = labelIn(state, triggerTextWithStep(transition)) + (times > 1 ? ` (${times} times)` : '');
      for (const to of transition.targets) {
        const key = `${state.id}\n${to}`;
        const earlier = links.get(key) ?? { from: state.id, to, labels: [], taken: 0 };
        links.set(key, { ...earlier, labels: [...earlier.labels, label], taken: earlier.taken + times });
      }
    }
  }
  return [...links.values()];
}

/** An arrow between two states that lie in the same one: where the ends of a link lie deeper, its label names them. */
export interface Arrow {
  /** The state in which it is drawn. */
  readonly place: string;
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
  readonly taken: number;
}

/** What an arrow that leads from the machine itself begins at: the event counts wherever the run is. */
export const ANYWHERE = 'anywhere';

/** The arrows of a drawing in which none crosses the border of a state. */
export function arrowsOf(graph: MachineGraph, taken?: ReadonlyMap<number, number>): readonly Arrow[] {
  const parallel = new Set(statesBelow(graph.root).flatMap(({ id, type }) => (type === 'parallel' ? [id] : [])));
  return linksOf(graph, taken).map((link) => arrowOf(link, parallel));
}

function arrowOf({ from, to, labels, taken }: Link, parallel: ReadonlySet<string>): Arrow {
  const ways = [removalHint(from), removalHint(to)] as const;
  const shared = ways[0].slice(1).find((id) => ways[1].slice(1).includes(id)) ?? '';
  // Between the regions of a parallel state there is no room: from one to another it leaves and enters the whole state.
  const place = parallel.has(shared) ? (ancestorIds(shared)[0] ?? '') : shared;
  const neighbour = (way: readonly string[]) => way[way.indexOf(place) - 1] ?? place;
  const ends = { from: neighbour(ways[0]), to: neighbour(ways[1]) };
  if (ends.from === from && ends.to === to) return { place, ...ends, labels, taken };
  return { place, ...ends, labels: [...labels, `(${from || ANYWHERE} to ${to})`], taken };
}

/** A state and all that hold it, innermost first. */
function removalHint(id: string): readonly string[] {
  return [id, ...ancestorIds(id)];
}

/** A step needs no name where it is the only one of its state. */
function labelIn({ steps }: GraphState, text: string): string {
  const [only, ...others] = steps;
  return only !== undefined && others.length === 0 && text.startsWith(`${only.invoke} `)
    ? text.slice(only.invoke.length + 1)
    : text;
}
