import { afterAll, beforeAll } from 'vitest';
import { removeEngine } from './engine.ts';
import type { HostState } from './host-state.ts';
import { type OwnEngine, openOwnEngine } from './own-engine.ts';

/** Two engines, each in a network namespace of its own. */
export interface TwoEngines {
  on(index: 0 | 1): OwnEngine;
  /** As the input `hosts` of a workflow names them. */
  hosts(): string;
  /** The state of each engine and its namespace, to be compared. */
  states(): Promise<readonly HostState[]>;
}

/** Starts two engines before the first test of a group, and removes them after the last one. */
export function useTwoEngines(): TwoEngines {
  let engines: readonly OwnEngine[] = [];
  beforeAll(async () => {
    engines = await Promise.all([openOwnEngine(), openOwnEngine()]);
  });
  afterAll(() => Promise.all(engines.map(({ engine }) => removeEngine(engine))));
  return {
    on(index) {
      const engine = engines[index];
      if (engine === undefined) throw new Error('no engine');
      return engine;
    },
    hosts: () =>
      engines.map(({ engine: { dockerHost, namespace } }) => `${dockerHost}@/run/netns/${namespace}`).join(','),
    states: () => Promise.all(engines.map(({ state }) => state())),
  };
}
