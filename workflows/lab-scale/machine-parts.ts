import type { Proof } from 'wf-engine';
import {
  dockerContainer,
  dockerImage,
  dockerNetwork,
  reachabilityProbe,
  revertSteps,
  verifyHost,
} from 'wf-engine/steps';
import { setup } from 'xstate';
import { containerCount, type Input } from './input.ts';

/** The lanes that create and probe containers in parallel. Each takes every n-th container. */
export const LANES = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** The part of a network that later steps need. */
interface CreatedNetwork {
  readonly id: string;
  readonly gateway: string;
}

/** The part of a container that later steps need. It keeps the machine's context small. */
interface CreatedContainer {
  readonly id: string;
  readonly startedAt: string;
  readonly address: string;
}

interface Context {
  readonly input: Input;
  readonly networks: readonly CreatedNetwork[];
  /** By index. Each lane adds its own. */
  readonly containers: Readonly<Record<number, CreatedContainer>>;
  /** Number of containers that each lane has created. */
  readonly created: readonly number[];
  /** Number of containers from which each lane has probed. */
  readonly probed: readonly number[];
  readonly answered: number;
  readonly silent: number;
  /** Number of networks that the run has removed with their containers. */
  readonly removed: number;
}

export const scale = setup({
  types: {
    context: {} as Context,
    input: {} as Input,
    output: {} as { readonly proofs: readonly Proof[] },
  },
  actors: { dockerContainer, dockerImage, dockerNetwork, reachabilityProbe, revertSteps, verifyHost },
  guards: {
    wantsNetwork: ({ context }) => context.networks.length < context.input.networks,
    wantsContainer: ({ context }, lane: number) => nextOf(lane, context.created) < containerCount(context.input),
    wantsProbe: ({ context }, lane: number) => nextOf(lane, context.probed) < containerCount(context.input),
    hasNetwork: ({ context }) => context.removed < context.networks.length,
  },
});

export function initialContext(input: Input): Context {
  const none = LANES.map(() => 0);
  return { input, networks: [], containers: {}, created: none, probed: none, answered: 0, silent: 0, removed: 0 };
}

/** Returns the index of the next container of a lane. */
export function nextOf(lane: number, done: readonly number[]): number {
  return lane + LANES.length * (done[lane] ?? 0);
}

/** Counts one more container of a lane. */
export function countOne(lane: number, done: readonly number[]): readonly number[] {
  return done.map((count, index) => (index === lane ? count + 1 : count));
}

export function createdContainer({ containers }: Context, index: number): CreatedContainer {
  return known(containers[index], `container ${index}`);
}

/** Returns a network by its number, from 1. */
export function createdNetwork({ networks }: Context, network: number): CreatedNetwork {
  return known(networks[network - 1], `network ${network}`);
}

function known<Created>(created: Created | undefined, name: string): Created {
  if (created === undefined) throw new Error(`${name} is used before the run has created it`);
  return created;
}
