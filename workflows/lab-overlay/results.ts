import type {
  createVethPair,
  dockerContainer,
  dockerNetwork,
  httpProbe,
  observeCounters,
  observeForwarding,
  observeHostPlace,
  observeLinks,
  observeNeighbours,
  observeNftCounters,
  observeVxlan,
  pingProbe,
  verifyHost,
} from 'wf-engine';
import type { OutputFrom } from 'xstate';
import type { Host } from './input.ts';

type Ping = OutputFrom<typeof pingProbe>;
type Http = OutputFrom<typeof httpProbe>;
type Vxlan = OutputFrom<typeof observeVxlan>;
type Count = OutputFrom<typeof observeNftCounters>;
type Counters = OutputFrom<typeof observeCounters>;

/** Outputs of steps that are carried out on each host, by the name of the step without its host. */
interface OfEachHost {
  readonly UnderlayLinks: OutputFrom<typeof observeLinks>;
  readonly PingsUnderlay: Ping;
  readonly Network: OutputFrom<typeof dockerNetwork>;
  readonly Container: OutputFrom<typeof dockerContainer>;
  readonly Pair: OutputFrom<typeof createVethPair>;
  readonly Links: OutputFrom<typeof observeLinks>;
  readonly Pings: Ping;
  readonly Fetches: Http;
  readonly ReadVxlan: Vxlan;
  readonly Forwarding: OutputFrom<typeof observeForwarding>;
  readonly Neighbours: OutputFrom<typeof observeNeighbours>;
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

  readonly strangerNetwork: OutputFrom<typeof dockerNetwork>;
  readonly strangerContainer: OutputFrom<typeof dockerContainer>;
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
  readonly pingMended: Ping;
  readonly fetchMended: Http;
  readonly readMendedVxlan: Vxlan;
  readonly mtuUnderlay: Ping;
  readonly mtuFits: Ping;
  readonly mtuTooLarge: Ping;

  readonly controlUnderlayWhileDropped: Ping;
  readonly readVxlanWhileDropped: Vxlan;
  readonly pingWhileDropped: Ping;
  readonly readDropped: Count;
  readonly pingTakenBack: Ping;

  readonly verifyHost: OutputFrom<typeof verifyHost>;
};

/** The outputs so far. */
export type Found = Partial<Results>;

/** Returns the output of a step. It is missing only if the machine has its states in the wrong order. */
export function resultOf<Sources extends Readonly<Record<string, unknown>>, Key extends keyof Sources & string>(
  found: Sources,
  key: Key,
): NonNullable<Sources[Key]> {
  const value = found[key];
  if (value === undefined || value === null)
    throw new Error(`the lab uses what ${key} finds before it was carried out`);
  return value;
}
