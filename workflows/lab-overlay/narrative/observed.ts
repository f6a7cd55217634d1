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
const count = z.object({ packets: z.number() });
const counters = z.object({ rxPackets: z.number(), txPackets: z.number() });

/** Parsed outputs by step id. A step that was not carried out, or whose output has another shape, is missing. */
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
  pingMended: ping.optional().catch(undefined),
  fetchMended: http.optional().catch(undefined),
  readMendedVxlan: vxlan.optional().catch(undefined),
  mtuUnderlay: ping.optional().catch(undefined),
  mtuFits: ping.optional().catch(undefined),
  mtuTooLarge: ping.optional().catch(undefined),
  controlUnderlayWhileDropped: ping.optional().catch(undefined),
  readVxlanWhileDropped: vxlan.optional().catch(undefined),
  pingWhileDropped: ping.optional().catch(undefined),
  readDropped: count.optional().catch(undefined),
  pingTakenBack: ping.optional().catch(undefined),
});
export type Observed = z.infer<typeof observed>;

export function observedIn(outputs: Readonly<Record<string, unknown>>): Observed {
  return observed.parse(outputs);
}
