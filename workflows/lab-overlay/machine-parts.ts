import {
  addAddress,
  addForwardingEntry,
  createLink,
  createNftTable,
  createVethPair,
  dockerContainer,
  dockerImage,
  dockerNetwork,
  enslaveLink,
  flow,
  httpProbe,
  insideNamespaceOf,
  moveLink,
  observeCounters,
  observeForwarding,
  observeHostPlace,
  observeLinks,
  observeLinksGone,
  observeNeighbours,
  observeNftCounters,
  observeVxlan,
  onHosts,
  type Proof,
  pingProbe,
  revertSteps,
  setLinkUp,
  verifyHost,
} from 'wf-engine';
import { type AnyEventObject, assign, type DoneActorEvent, setup } from 'xstate';
import { HOSTS, type Host, type Input, type Names, overlayAddress, underlayAddress } from './input.ts';
import { type Found, type Results, resultOf } from './results.ts';

/** The default port of http-echo. */
const HTTP_PORT = 5678;
/** Pings of a target. Namespaces of one machine answer in well below 1 ms: an interval of 5 ms is as good as 1 s. */
export const PINGS = { count: 3, intervalMs: 5 };
/** The time that a container's service may need until it listens. */
export const READY = { deadlineMs: 10_000 };
/** The silence that counts as "does not answer". The kernel itself answers a ping within microseconds, even if it is busy. */
export const SILENCE = { deadlineMs: 60, must: 'fail' } as const;

interface Context {
  readonly input: Input;
  readonly names: Names;
  readonly found: Found;
}

export const lab = setup({
  types: {
    context: {} as Context,
    input: {} as Input,
    output: {} as { readonly proofs: readonly Proof[] },
  },
  actors: {
    ...onHosts(HOSTS, {
      addAddress,
      addForwardingEntry,
      createLink,
      createNftTable,
      createVethPair,
      dockerContainer,
      dockerImage,
      dockerNetwork,
      enslaveLink,
      httpProbe,
      moveLink,
      observeCounters,
      observeForwarding,
      observeHostPlace,
      observeLinks,
      observeLinksGone,
      observeNeighbours,
      observeNftCounters,
      observeVxlan,
      pingProbe,
      setLinkUp,
    }),
    revertSteps,
    verifyHost,
  },
});

export const { sequence, parallel } = flow(lab);

/** Stores the output of a step: a key whose result has another type is a compile error. */
export function keep<Key extends keyof Results>(key: Key) {
  return {
    actions: assign<Context, DoneActorEvent<Results[Key]>, undefined, AnyEventObject, never>({
      found: ({ context, event }) => ({ ...context.found, [key]: event.output }),
    }),
  };
}

export type Scope = { readonly context: Context };
export const otherOf = (host: Host): Host => (host === 'alpha' ? 'beta' : 'alpha');
export const container = ({ context }: Scope, host: Host) => resultOf(context.found, `${host}Container`);
export const inContainer = (scope: Scope, host: Host) => insideNamespaceOf(container(scope, host));
export const textOf = ({ context: { input } }: Scope, host: Host) =>
  host === 'alpha' ? input.alphaText : input.betaText;
export const fromHost = { type: 'host' } as const;
export const url = (address: string) => `http://${address}:${HTTP_PORT}/`;

/** Pings the other host's container on the overlay. */
export const pingAcross = (scope: Scope, host: Host) => ({
  from: inContainer(scope, host),
  to: overlayAddress(scope.context.input, otherOf(host)),
  ...PINGS,
});

/** Fetches the page of the other host's container on the overlay. */
export const fetchAcross = (scope: Scope, host: Host) => ({
  from: inContainer(scope, host),
  url: url(overlayAddress(scope.context.input, otherOf(host))),
});

/** Pings the other host on the cable. */
export const pingUnderlay = ({ context: { input } }: Scope, host: Host) => ({
  from: fromHost,
  to: underlayAddress(input, otherOf(host)),
  ...PINGS,
});
