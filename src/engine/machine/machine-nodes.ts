import type { AnyStateNode } from 'xstate';

/** A state and all states below it, each before those below it. */
export function allNodes(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...childrenOf(node).flatMap(allNodes)];
}

/** The states right below it, in the order of the file. */
export function childrenOf(node: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(node.states);
}
