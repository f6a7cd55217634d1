import type { Proof } from 'wf-engine';
import {
  addAddress,
  addRoute,
  addressAt,
  checkAddressFree,
  createVethPair,
  dnsProbe,
  dockerContainer,
  dockerImage,
  dockerNetwork,
  enslaveLink,
  httpProbe,
  inspectNetwork,
  listNetworks,
  moveLink,
  observeBridge,
  observeCounters,
  observeFirewall,
  observeForwarding,
  observeLinks,
  observeLinksGone,
  observeNeighbours,
  observeRoute,
  pingProbe,
  renameLink,
  revertSteps,
  setLinkUp,
  verifyHost,
} from 'wf-engine/steps';
import { type AnyEventObject, assign, type DoneActorEvent, setup } from 'xstate';
import type { Input, Names } from './input.ts';
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
    addAddress,
    addRoute,
    checkAddressFree,
    createVethPair,
    dnsProbe,
    dockerContainer,
    dockerImage,
    dockerNetwork,
    enslaveLink,
    httpProbe,
    inspectNetwork,
    listNetworks,
    moveLink,
    observeBridge,
    observeCounters,
    observeFirewall,
    observeForwarding,
    observeLinks,
    observeLinksGone,
    observeNeighbours,
    observeRoute,
    pingProbe,
    renameLink,
    revertSteps,
    setLinkUp,
    verifyHost,
  },
  guards: {
    /** Whether all of these parallel steps have an output. */
    found: ({ context }, keys: readonly (keyof Results)[]) => keys.every((key) => context.found[key] !== undefined),
    wantsNoRoute: ({ context }) => context.input.defaultRoute === 'none',
  },
});

/** Stores the output of a step. A key whose result has another type is a compile error. */
export function keep<Key extends keyof Results>(key: Key) {
  return assign<Context, DoneActorEvent<Results[Key]>, undefined, AnyEventObject, never>({
    found: ({ context, event }) => ({ ...context.found, [key]: event.output }),
  });
}

type Scope = { readonly context: Context };
export const devNetwork = ({ context }: Scope) => resultOf(context.found, 'createDevNetwork');
export const prodNetwork = ({ context }: Scope) => resultOf(context.found, 'createProdNetwork');
export const appDev = ({ context }: Scope) => resultOf(context.found, 'createAppDev');
export const appProd = ({ context }: Scope) => resultOf(context.found, 'createAppProd');
export const probe = ({ context }: Scope) => resultOf(context.found, 'createProbe');
export const bridge = ({ context }: Scope) => resultOf(context.found, 'observeDevBridge');
export const devNameInDns = ({ context }: Scope) => context.names.devContainer.toLowerCase();
export const prodNameInDns = ({ context }: Scope) => context.names.prodContainer.toLowerCase();
export const spliceAddress = (scope: Scope) =>
  scope.context.input.spliceAddress ?? addressAt(devNetwork(scope).subnet, 100);
/** Returns the MAC address of the end of the pair in AppProd. */
export const splicedMac = ({ context }: Scope) => resultOf(context.found, 'createVethPair').peer.mac;
export const fromHost = { type: 'host' } as const;
export const url = (host: string) => `http://${host}:${HTTP_PORT}/`;
