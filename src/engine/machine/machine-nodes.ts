import type { AnyStateNode } from 'xstate';

/** Returns a state and all states below it, parents first. */
export function allNodes(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...childrenOf(node).flatMap(allNodes)];
}

/** Returns the child states, in the order of the file. */
export function childrenOf(node: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(node.states);
}
