import { ancestorIds, type GraphState, type MachineGraph, statesBelow } from './machine-graph.ts';
import { isDrawn, triggerTextWithStep } from './transition-text.ts';

/** An arrow of a drawing: all transitions between the same two states. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
  /** How often its transitions were taken in total. */
  readonly taken: number;
}

/** Returns the arrows of a machine. A transition with several targets has one for each; a transition without a target has none. */
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

/** An arrow between two siblings; if the ends of its link are inside them, its label names the ends. */
export interface Arrow {
  /** The state in which it is drawn. */
  readonly place: string;
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
  readonly taken: number;
}

/** The source of a transition of the machine itself, which applies in every state. */
export const ANYWHERE = 'anywhere';

/** Returns the arrows of a drawing in which no arrow crosses the border of a state. */
export function arrowsOf(graph: MachineGraph, taken?: ReadonlyMap<number, number>): readonly Arrow[] {
  const parallel = new Set(statesBelow(graph.root).flatMap(({ id, type }) => (type === 'parallel' ? [id] : [])));
  return linksOf(graph, taken).map((link) => arrowOf(link, parallel));
}

function arrowOf({ from, to, labels, taken }: Link, parallel: ReadonlySet<string>): Arrow {
  const ways = [lineageOf(from), lineageOf(to)] as const;
  const shared = ways[0].slice(1).find((id) => ways[1].slice(1).includes(id)) ?? '';
  // An arrow between regions of a parallel state leaves and enters the whole state.
  const place = parallel.has(shared) ? (ancestorIds(shared)[0] ?? '') : shared;
  const neighbour = (way: readonly string[]) => way[way.indexOf(place) - 1] ?? place;
  const ends = { from: neighbour(ways[0]), to: neighbour(ways[1]) };
  if (ends.from === from && ends.to === to) return { place, ...ends, labels, taken };
  return { place, ...ends, labels: [...labels, `(${from || ANYWHERE} to ${to})`], taken };
}

/** Returns the ids of a state and its ancestors, innermost first. */
function lineageOf(id: string): readonly string[] {
  return [id, ...ancestorIds(id)];
}

/** Removes the name of a step that is the only one of its state. */
function labelIn({ steps }: GraphState, text: string): string {
  const [only, ...others] = steps;
  return only !== undefined && others.length === 0 && text.startsWith(`${only.invoke} `)
    ? text.slice(only.invoke.length + 1)
    : text;
}
