import type { HostState } from '../host/host-state.ts';
import { type OwnEngine, useOwnEngines } from './own-engine.ts';

/** Two engines, each in a network namespace of its own. */
export interface TwoEngines {
  on(index: 0 | 1): OwnEngine;
  /** As the input `hosts` of a workflow names them. */
  hosts(): string;
  /** The state of each engine and its namespace, to be compared. */
  states(): Promise<readonly HostState[]>;
}

/** Lends two engines to a group of tests. */
export function useTwoEngines(): TwoEngines {
  const on = useOwnEngines(2);
  const both = () => [on(0), on(1)];
  return {
    on,
    hosts: () =>
      both()
        .map(({ engine: { dockerHost, namespace } }) => `${dockerHost}@/run/netns/${namespace}`)
        .join(','),
    states: () => Promise.all(both().map(({ state }) => state())),
  };
}
