import { flow, onHosts, type Proof } from 'wf-engine';
import {
  addAddress,
  addForwardingEntry,
  createLink,
  createNftTable,
  createVethPair,
  dnsProbe,
  dockerContainer,
  dockerImage,
  dockerNetwork,
  enslaveLink,
  httpProbe,
  initSwarm,
  insideNamespaceOf,
  joinSwarm,
  moveLink,
  observeCounters,
  observeForwarding,
  observeHostPlace,
  observeIpsec,
  observeLinks,
  observeNeighbours,
  observeNftCounters,
  observeOverlay,
  observeSwarmNodes,
  observeVxlan,
  pingProbe,
  revertSteps,
  setLinkUp,
  verifyHost,
} from 'wf-engine/steps';
import { type AnyEventObject, assign, type DoneActorEvent, setup } from 'xstate';
import {
  HOSTS,
  type Host,
  handmadeAddress,
  hasCable,
  type Input,
  isOnDocker,
  type Names,
  underlayAddress,
} from './input.ts';
import { type Found, type Results, resultOf } from './results.ts';

/** The default port of http-echo. */
const HTTP_PORT = 5678;
/** Pings of a target. Namespaces of one machine answer in well below 1 ms, so 5 ms between pings are enough. */
export const PINGS = { count: 3, intervalMs: 5 };
/** Time for a container's service to start listening. */
export const READY = { deadlineMs: 10_000 };
/** Time without an answer that counts as silence. The kernel answers a ping within microseconds, even on a busy machine. */
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
      dnsProbe,
      dockerContainer,
      dockerImage,
      dockerNetwork,
      enslaveLink,
      httpProbe,
      initSwarm,
      joinSwarm,
      moveLink,
      observeCounters,
      observeForwarding,
      observeHostPlace,
      observeIpsec,
      observeLinks,
      observeNeighbours,
      observeNftCounters,
      observeOverlay,
      observeSwarmNodes,
      observeVxlan,
      pingProbe,
      setLinkUp,
    }),
    revertSteps,
    verifyHost,
  },
  guards: {
    byHand: ({ context }) => !isOnDocker(context.input),
    onDocker: ({ context }) => isOnDocker(context.input),
    hasCable: ({ context }) => hasCable(context.input),
    canEncrypt: ({ context: { found } }) => resultOf(found, 'alphaIpsec').esp && resultOf(found, 'betaIpsec').esp,
  },
});

export const { sequence, parallel } = flow(lab);
type State = ReturnType<typeof sequence>;

/** Returns the state of a part that differs by hand and on Docker engines. */
export function eitherWay(ways: { readonly byHand: State; readonly onDocker: State }): State {
  return sequence({
    byHand: { when: 'byHand', ...ways.byHand },
    onDocker: { when: 'onDocker', ...ways.onDocker },
  });
}

/** Stores the output of a step. A key whose result has another type is a compile error. */
export function keep<Key extends keyof Results>(key: Key) {
  return {
    actions: assign<Context, DoneActorEvent<Results[Key]>, undefined, AnyEventObject, never>({
      found: ({ context, event }) => ({ ...context.found, [key]: event.output }),
    }),
  };
}

export type Scope = { readonly context: Context };
export const otherOf = (host: Host): Host => (host === 'alpha' ? 'beta' : 'alpha');
export const container = ({ context: { input, found } }: Scope, host: Host) =>
  resultOf(found, isOnDocker(input) ? `${host}OverlayContainer` : `${host}Container`);
export const inContainer = (scope: Scope, host: Host) => insideNamespaceOf(container(scope, host));
export const textOf = ({ context: { input } }: Scope, host: Host) =>
  host === 'alpha' ? input.alphaText : input.betaText;
export const fromHost = { type: 'host' } as const;
export const url = (address: string) => `http://${address}:${HTTP_PORT}/`;
/** Returns a step that undoes the changes of other steps. */
export const revert = (...steps: readonly string[]) => ({ src: 'revertSteps' as const, input: { steps: [...steps] } });

/** Returns the network identifier of the overlay. On Docker, the Swarm chooses it. */
export const vniOf = ({ context: { input, found } }: Scope) =>
  isOnDocker(input) ? resultOf(resultOf(found, 'overlayNetwork'), 'vni') : input.vni;

/** Returns the address of a host's container on the overlay. On Docker, Docker chooses it. */
export const overlayAddress = (scope: Scope, host: Host) =>
  isOnDocker(scope.context.input) ? container(scope, host).ipv4 : handmadeAddress(scope.context.input, host);

/** Pings the other host's container on the overlay. */
export const pingAcross = (scope: Scope, host: Host) => ({
  from: inContainer(scope, host),
  to: overlayAddress(scope, otherOf(host)),
  ...PINGS,
});

/** Fetches the page of the other host's container on the overlay. */
export const fetchAcross = (scope: Scope, host: Host) => ({
  from: inContainer(scope, host),
  url: url(overlayAddress(scope, otherOf(host))),
});

/** Pings the other host on the underlay. */
export const pingUnderlay = ({ context: { input } }: Scope, host: Host) => ({
  from: fromHost,
  to: underlayAddress(input, otherOf(host)),
  ...PINGS,
});
