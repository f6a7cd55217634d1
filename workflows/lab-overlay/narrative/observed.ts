import { z } from 'zod';

/** The parts of the outputs of steps that the report prints. */
const container = z.object({ name: z.string(), ipv4: z.string() });
const links = z.object({
  links: z.array(
    z.object({ name: z.string(), mac: z.string().nullable(), mtu: z.number(), addresses: z.array(z.string()) }),
  ),
});
const veth = z.object({ name: z.string(), peer: z.object({ name: z.string(), mac: z.string() }) });
const ping = z.object({ to: z.string(), sent: z.number(), received: z.number(), answered: z.boolean() });
const http = z.object({ url: z.string(), body: z.string(), answered: z.boolean() });
const vxlan = z.object({
  link: z.string(),
  vni: z.number(),
  port: z.number(),
  local: z.string().nullable(),
  mtu: z.number(),
  up: z.boolean(),
});
const overlay = z.object({
  vni: z.number(),
  port: z.number(),
  mtu: z.number(),
  fdb: z.array(z.object({ mac: z.string(), dst: z.string() })),
});
const nodes = z.object({
  nodes: z.array(
    z.object({
      role: z.enum(['worker', 'manager']),
      state: z.string(),
      reachability: z.string().nullable(),
      address: z.string(),
    }),
  ),
});
const dns = z.object({
  name: z.string(),
  addresses: z.array(z.string()),
  outcome: z.enum(['resolved', 'no-such-name', 'no-answer']),
});
const ipsec = z.object({ esp: z.boolean(), reason: z.string().nullable() });
const count = z.object({ packets: z.number() });
const counters = z.object({ rxPackets: z.number(), txPackets: z.number() });

/** Parsed outputs by step id. A step that has not run, or whose output has another shape, is missing. */
const observed = z.object({
  createCable: veth.optional().catch(undefined),
  alphaUnderlayLinks: links.optional().catch(undefined),
  betaUnderlayLinks: links.optional().catch(undefined),
  alphaPingsUnderlay: ping.optional().catch(undefined),
  betaPingsUnderlay: ping.optional().catch(undefined),
  alphaContainer: container.optional().catch(undefined),
  betaContainer: container.optional().catch(undefined),
  alphaPair: veth.optional().catch(undefined),
  betaPair: veth.optional().catch(undefined),
  alphaLinks: links.optional().catch(undefined),
  betaLinks: links.optional().catch(undefined),
  alphaPings: ping.optional().catch(undefined),
  betaPings: ping.optional().catch(undefined),
  alphaFetches: http.optional().catch(undefined),
  betaFetches: http.optional().catch(undefined),
  alphaReadVxlan: vxlan.optional().catch(undefined),
  betaReadVxlan: vxlan.optional().catch(undefined),
  readSentBefore: count.optional().catch(undefined),
  readSentAfter: count.optional().catch(undefined),
  readArrivedBefore: count.optional().catch(undefined),
  readArrivedAfter: count.optional().catch(undefined),
  readCableBefore: counters.optional().catch(undefined),
  readCableAfter: counters.optional().catch(undefined),
  pingToCount: ping.optional().catch(undefined),
  strangerContainer: container.optional().catch(undefined),
  controlUnderlay: ping.optional().catch(undefined),
  controlAlphaGateway: ping.optional().catch(undefined),
  controlBetaGateway: ping.optional().catch(undefined),
  controlStranger: ping.optional().catch(undefined),
  readWrongVxlan: vxlan.optional().catch(undefined),
  readArrivedBeforeWrong: count.optional().catch(undefined),
  readArrivedAfterWrong: count.optional().catch(undefined),
  pingWrongVni: ping.optional().catch(undefined),
  fetchWrongVni: http.optional().catch(undefined),
  pingStranger: ping.optional().catch(undefined),
  pingFromStranger: ping.optional().catch(undefined),
  pingRepaired: ping.optional().catch(undefined),
  fetchRepaired: http.optional().catch(undefined),
  readRepairedVxlan: vxlan.optional().catch(undefined),
  mtuUnderlay: ping.optional().catch(undefined),
  mtuFits: ping.optional().catch(undefined),
  mtuTooLarge: ping.optional().catch(undefined),
  controlUnderlayWhileDropped: ping.optional().catch(undefined),
  readVxlanWhileDropped: vxlan.optional().catch(undefined),
  pingWhileDropped: ping.optional().catch(undefined),
  readDropped: count.optional().catch(undefined),
  pingTakenBack: ping.optional().catch(undefined),
  readNodes: nodes.optional().catch(undefined),
  alphaOverlayContainer: container.optional().catch(undefined),
  betaOverlayContainer: container.optional().catch(undefined),
  alphaResolves: dns.optional().catch(undefined),
  betaResolves: dns.optional().catch(undefined),
  alphaPingsName: ping.optional().catch(undefined),
  betaPingsName: ping.optional().catch(undefined),
  alphaFetchesName: http.optional().catch(undefined),
  betaFetchesName: http.optional().catch(undefined),
  alphaReadOverlay: overlay.optional().catch(undefined),
  betaReadOverlay: overlay.optional().catch(undefined),
  strangerOnAlpha: container.optional().catch(undefined),
  strangerOnBeta: container.optional().catch(undefined),
  readOtherOverlay: overlay.optional().catch(undefined),
  controlAcross: ping.optional().catch(undefined),
  controlStrangers: ping.optional().catch(undefined),
  controlStrangerPage: http.optional().catch(undefined),
  pingRemoteStranger: ping.optional().catch(undefined),
  fetchRemoteStranger: http.optional().catch(undefined),
  pingLocalStranger: ping.optional().catch(undefined),
  pingAsStranger: ping.optional().catch(undefined),
  nameOfStranger: dns.optional().catch(undefined),
  readNodesWhileDropped: nodes.optional().catch(undefined),
  alphaIpsec: ipsec.optional().catch(undefined),
  betaIpsec: ipsec.optional().catch(undefined),
  pingEncrypted: ping.optional().catch(undefined),
  readEncrypted: count.optional().catch(undefined),
  readDecrypted: count.optional().catch(undefined),
});
export type Observed = z.infer<typeof observed>;

export function observedIn(outputs: Readonly<Record<string, unknown>>): Observed {
  return observed.parse(outputs);
}
