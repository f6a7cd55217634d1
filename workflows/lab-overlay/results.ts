import type {
  createVethPair,
  dnsProbe,
  dockerContainer,
  dockerNetwork,
  httpProbe,
  initSwarm,
  joinSwarm,
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
  verifyHost,
} from 'wf-engine/steps';
import type { OutputFrom } from 'xstate';
import type { Host } from './input.ts';

type Ping = OutputFrom<typeof pingProbe>;
type Http = OutputFrom<typeof httpProbe>;
type Vxlan = OutputFrom<typeof observeVxlan>;
type Count = OutputFrom<typeof observeNftCounters>;
type Overlay = OutputFrom<typeof observeOverlay>;
type Nodes = OutputFrom<typeof observeSwarmNodes>;
type Network = OutputFrom<typeof dockerNetwork>;
type Container = OutputFrom<typeof dockerContainer>;
type Counters = OutputFrom<typeof observeCounters>;

/** Outputs of the steps that run on each host, by the name of the step without its host. */
interface OfEachHost {
  readonly UnderlayLinks: OutputFrom<typeof observeLinks>;
  readonly PingsUnderlay: Ping;
  readonly Network: Network;
  readonly Container: Container;
  readonly Pair: OutputFrom<typeof createVethPair>;
  readonly Links: OutputFrom<typeof observeLinks>;
  readonly Pings: Ping;
  readonly Fetches: Http;
  readonly ReadVxlan: Vxlan;
  readonly Forwarding: OutputFrom<typeof observeForwarding>;
  readonly Neighbours: OutputFrom<typeof observeNeighbours>;
  readonly OverlayContainer: Container;
  readonly Resolves: OutputFrom<typeof dnsProbe>;
  readonly PingsName: Ping;
  readonly FetchesName: Http;
  readonly ReadOverlay: Overlay;
  readonly Ipsec: OutputFrom<typeof observeIpsec>;
  readonly Encrypted: Container;
}

/** The outputs of the lab's steps, by step id. */
export type Results = {
  readonly [Key in `${Host}${keyof OfEachHost}`]: Key extends `${Host}${infer Name extends keyof OfEachHost}`
    ? OfEachHost[Name]
    : never;
} & {
  readonly createCable: OutputFrom<typeof createVethPair>;
  readonly findBeta: OutputFrom<typeof observeHostPlace>;

  readonly readSentBefore: Count;
  readonly readSentAfter: Count;
  readonly readArrivedBefore: Count;
  readonly readArrivedAfter: Count;
  readonly readCableBefore: Counters;
  readonly readCableAfter: Counters;
  readonly pingToCount: Ping;

  readonly strangerNetwork: Network;
  readonly strangerContainer: Container;
  readonly controlUnderlay: Ping;
  readonly controlAlphaGateway: Ping;
  readonly controlBetaGateway: Ping;
  readonly controlStranger: Ping;
  readonly readWrongVxlan: Vxlan;
  readonly readArrivedBeforeWrong: Count;
  readonly pingWrongVni: Ping;
  readonly fetchWrongVni: Http;
  readonly pingStranger: Ping;
  readonly pingFromStranger: Ping;
  readonly readArrivedAfterWrong: Count;
  readonly pingRepaired: Ping;
  readonly fetchRepaired: Http;
  readonly readRepairedVxlan: Vxlan;
  readonly mtuUnderlay: Ping;
  readonly mtuFits: Ping;
  readonly mtuTooLarge: Ping;

  readonly controlUnderlayWhileDropped: Ping;
  readonly readVxlanWhileDropped: Vxlan;
  readonly pingWhileDropped: Ping;
  readonly readDropped: Count;
  readonly pingTakenBack: Ping;

  readonly initSwarm: OutputFrom<typeof initSwarm>;
  readonly joinSwarm: OutputFrom<typeof joinSwarm>;
  readonly readNodes: Nodes;
  readonly overlayNetwork: Network;
  readonly strangerOverlay: Network;
  readonly strangerOnAlpha: Container;
  readonly strangerOnBeta: Container;
  readonly readOtherOverlay: Overlay;
  readonly controlAcross: Ping;
  readonly controlStrangers: Ping;
  readonly controlStrangerPage: Http;
  readonly controlStrangerName: OutputFrom<typeof dnsProbe>;
  readonly pingRemoteStranger: Ping;
  readonly fetchRemoteStranger: Http;
  readonly pingLocalStranger: Ping;
  readonly pingAsStranger: Ping;
  readonly nameOfStranger: OutputFrom<typeof dnsProbe>;
  readonly readNodesWhileDropped: Nodes;
  readonly encryptedOverlay: Network;
  readonly pingEncrypted: Ping;
  readonly readEncrypted: Count;
  readonly readDecrypted: Count;

  readonly verifyHost: OutputFrom<typeof verifyHost>;
};

/** The outputs so far. */
export type Found = Partial<Results>;

/** Returns the output of a step. It is missing only if the states of the machine are in the wrong order. */
export function resultOf<Sources extends Readonly<Record<string, unknown>>, Key extends keyof Sources & string>(
  found: Sources,
  key: Key,
): NonNullable<Sources[Key]> {
  const value = found[key];
  if (value === undefined || value === null) throw new Error(`the output of ${key} is used before the step has run`);
  return value;
}
