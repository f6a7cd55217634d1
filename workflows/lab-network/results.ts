import type {
  addAddress,
  addRoute,
  checkAddressFree,
  createVethPair,
  dnsProbe,
  dockerContainer,
  dockerImage,
  dockerNetwork,
  httpProbe,
  inspectNetwork,
  listNetworks,
  observeBridge,
  observeCounters,
  observeFirewall,
  observeForwarding,
  observeLinks,
  observeNeighbours,
  observeRoute,
  pingProbe,
  verifyHost,
} from 'wf-engine/steps';
import type { OutputFrom } from 'xstate';

/** The outputs of the lab's steps, by step id. */
export interface Results {
  readonly provideImage: OutputFrom<typeof dockerImage>;
  readonly provideProbeImage: OutputFrom<typeof dockerImage>;
  readonly listNetworksBefore: OutputFrom<typeof listNetworks>;
  readonly listNetworksAfter: OutputFrom<typeof listNetworks>;
  readonly createDevNetwork: OutputFrom<typeof dockerNetwork>;
  readonly createProdNetwork: OutputFrom<typeof dockerNetwork>;
  readonly createAppDev: OutputFrom<typeof dockerContainer>;
  readonly createAppProd: OutputFrom<typeof dockerContainer>;
  readonly createProbe: OutputFrom<typeof dockerContainer>;
  readonly pingAppDevByName: OutputFrom<typeof pingProbe>;
  readonly fetchAppDevByName: OutputFrom<typeof httpProbe>;
  readonly inspectDevNetwork: OutputFrom<typeof inspectNetwork>;
  readonly observeDevBridge: OutputFrom<typeof observeBridge>;
  readonly observeProdBridge: OutputFrom<typeof observeBridge>;
  readonly readAppDevAddresses: OutputFrom<typeof observeLinks>;
  readonly readAppProdAddresses: OutputFrom<typeof observeLinks>;

  readonly controlAppDevAnswersPing: OutputFrom<typeof pingProbe>;
  readonly controlAppDevAnswersHttp: OutputFrom<typeof httpProbe>;
  readonly controlAppProdAnswersPing: OutputFrom<typeof pingProbe>;
  readonly controlAppProdAnswersHttp: OutputFrom<typeof httpProbe>;
  readonly controlAppDevReachesGateway: OutputFrom<typeof pingProbe>;
  readonly controlKnownNameResolves: OutputFrom<typeof dnsProbe>;
  readonly readFirewallBefore: OutputFrom<typeof observeFirewall>;
  readonly pingAppProdFromAppDev: OutputFrom<typeof pingProbe>;
  readonly fetchAppProdFromAppDev: OutputFrom<typeof httpProbe>;
  readonly resolveAppProdFromAppDev: OutputFrom<typeof dnsProbe>;
  readonly readFirewallAfter: OutputFrom<typeof observeFirewall>;

  readonly checkSpliceAddress: OutputFrom<typeof checkAddressFree>;
  readonly createVethPair: OutputFrom<typeof createVethPair>;
  readonly addSpliceAddress: OutputFrom<typeof addAddress>;
  readonly addDefaultRoute: OutputFrom<typeof addRoute>;

  readonly readCountersBefore: OutputFrom<typeof observeCounters>;
  readonly pingSpliceFromAppDev: OutputFrom<typeof pingProbe>;
  readonly fetchSpliceFromAppDev: OutputFrom<typeof httpProbe>;
  readonly pingAppDevFromAppProd: OutputFrom<typeof pingProbe>;
  readonly fetchAppDevFromAppProd: OutputFrom<typeof httpProbe>;
  readonly pingAppProdOnItsOwnNetwork: OutputFrom<typeof pingProbe>;
  readonly readCountersAfter: OutputFrom<typeof observeCounters>;
  readonly readNeighboursBefore: OutputFrom<typeof observeNeighbours>;
  readonly readNeighboursAfter: OutputFrom<typeof observeNeighbours>;
  readonly readForwarding: OutputFrom<typeof observeForwarding>;
  readonly routeFromAppDev: OutputFrom<typeof observeRoute>;
  readonly routeFromAppProd: OutputFrom<typeof observeRoute>;

  readonly verifyHost: OutputFrom<typeof verifyHost>;
}

/** The outputs so far. */
export type Found = Partial<Results>;

/** Returns the output of a step. It is missing only if the states of the machine are in the wrong order. */
export function resultOf<Key extends keyof Results>(found: Found, key: Key): Results[Key] {
  const value = found[key];
  if (value === undefined) throw new Error(`the output of ${key} is used before the step has run`);
  return value;
}
