import type { Proof } from 'wf-engine';
import { dockerContainer, dockerImage, dockerNetwork, reachabilityProbe, revertSteps, verifyHost } from 'wf-engine';
import { setup } from 'xstate';
import { containerCount, type Input } from './input.ts';

/** How many containers are made, or probe, at a time: each lane takes every so-many-th of them. */
export const LANES = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** As much of a network as is needed later. */
interface MadeNetwork {
  readonly id: string;
  readonly gateway: string;
}

/** As much of a container as is needed later: it is in the machine's context, which each decision is about. */
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
  /** How many containers each lane has made. */
  readonly made: readonly number[];
  /** How many each lane has probed from. */
  readonly probed: readonly number[];
  readonly answered: number;
  readonly silent: number;
  /** How many networks have been removed, with what is in them. */
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

/** Index of the container that is a lane's next. */
export function nextOf(lane: number, done: readonly number[]): number {
  return lane + LANES.length * (done[lane] ?? 0);
}

/** One more done by a lane. */
export function oneMore(lane: number, done: readonly number[]): readonly number[] {
  return done.map((count, index) => (index === lane ? count + 1 : count));
}

export function madeContainer({ containers }: Context, index: number): MadeContainer {
  return known(containers[index], `container ${index}`);
}

/** A network by its number, from 1. */
export function madeNetwork({ networks }: Context, network: number): MadeNetwork {
  return known(networks[network - 1], `network ${network}`);
}

function known<Made>(made: Made | undefined, what: string): Made {
  if (made === undefined) throw new Error(`${what} is used before it was made`);
  return made;
}
