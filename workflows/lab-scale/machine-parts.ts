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

/** The lanes that create and probe containers at the same time: each takes every n-th container. */
export const LANES = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** The part of a network that later steps need. */
interface MadeNetwork {
  readonly id: string;
  readonly gateway: string;
}

/** The part of a container that later steps need: the whole would make the machine's context large. */
interface MadeContainer {
  readonly id: string;
  readonly startedAt: string;
  readonly address: string;
}

interface Context {
  readonly input: Input;
  readonly networks: readonly MadeNetwork[];
  /** By its index; each lane adds its own. */
  readonly containers: Readonly<Record<number, MadeContainer>>;
  /** Number of containers that each lane has created. */
  readonly made: readonly number[];
  /** Number of containers from which each lane has probed. */
  readonly probed: readonly number[];
  readonly answered: number;
  readonly silent: number;
  /** Number of networks that have been removed with their containers. */
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
    wantsContainer: ({ context }, lane: number) => nextOf(lane, context.made) < containerCount(context.input),
    wantsProbe: ({ context }, lane: number) => nextOf(lane, context.probed) < containerCount(context.input),
    hasNetwork: ({ context }) => context.removed < context.networks.length,
  },
});

export function atTheStart(input: Input): Context {
  const none = LANES.map(() => 0);
  return { input, networks: [], containers: {}, made: none, probed: none, answered: 0, silent: 0, removed: 0 };
}

/** Returns the index of the next container of a lane. */
export function nextOf(lane: number, done: readonly number[]): number {
  return lane + LANES.length * (done[lane] ?? 0);
}

/** Counts one more container of a lane. */
export function oneMore(lane: number, done: readonly number[]): readonly number[] {
  return done.map((count, index) => (index === lane ? count + 1 : count));
}

export function madeContainer({ containers }: Context, index: number): MadeContainer {
  return known(containers[index], `container ${index}`);
}

/** Returns a network by its number, from 1. */
export function madeNetwork({ networks }: Context, network: number): MadeNetwork {
  return known(networks[network - 1], `network ${network}`);
}

function known<Made>(made: Made | undefined, what: string): Made {
  if (made === undefined) throw new Error(`${what} is used before it was made`);
  return made;
}
