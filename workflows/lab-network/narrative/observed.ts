import { z } from 'zod';

/** The parts of the outputs of steps that the report prints. */
const network = z.object({ name: z.string(), subnet: z.string(), gateway: z.string(), bridge: z.string() });
const container = z.object({
  name: z.string(),
  pid: z.number().optional(),
  ipv4: z.string(),
  prefixLength: z.number(),
  mac: z.string(),
});
const links = z.object({
  links: z.array(
    z.object({
      name: z.string(),
      mac: z.string().nullable(),
      peerIfindex: z.number().nullable(),
      addresses: z.array(z.string()),
    }),
  ),
});
const bridge = z.object({
  name: z.string(),
  ports: z.array(
    z.object({
      link: z.string(),
      ifindex: z.number(),
      peer: z.object({ container: z.string(), link: z.string(), ifindex: z.number() }).nullable(),
    }),
  ),
});
const ping = z.object({ to: z.string(), sent: z.number(), received: z.number(), answered: z.boolean() });
const http = z.object({ url: z.string(), body: z.string(), answered: z.boolean() });
const dns = z.object({ name: z.string(), addresses: z.array(z.string()), outcome: z.string() });
const counters = z.object({ rxPackets: z.number(), txPackets: z.number() });
const firewall = z.object({
  rules: z.array(z.object({ table: z.string(), chain: z.string(), rule: z.string(), packets: z.number() })),
});
const veth = z.object({ name: z.string(), ifindex: z.number(), peer: z.object({ ifindex: z.number() }) });
const address = z.object({ link: z.string(), address: z.string() });
const enslaved = z.object({ link: z.string(), bridge: z.string() });
const done = z.unknown().optional();

/** Parsed outputs by step id. A step that has not run, or whose output has another shape, is missing. */
const observed = z.object({
  createDevNetwork: network.optional().catch(undefined),
  createProdNetwork: network.optional().catch(undefined),
  createAppDev: container.optional().catch(undefined),
  createAppProd: container.optional().catch(undefined),
  createProbe: container.optional().catch(undefined),
  removeProbe: done,
  readAppDevAddresses: links.optional().catch(undefined),
  readAppProdAddresses: links.optional().catch(undefined),
  readSplicedAddresses: links.optional().catch(undefined),
  observeDevBridge: bridge.optional().catch(undefined),
  observeProdBridge: bridge.optional().catch(undefined),
  pingAppDevByName: ping.optional().catch(undefined),
  fetchAppDevByName: http.optional().catch(undefined),
  controlAppDevAnswersPing: ping.optional().catch(undefined),
  controlAppDevAnswersHttp: http.optional().catch(undefined),
  controlAppProdAnswersPing: ping.optional().catch(undefined),
  controlAppProdAnswersHttp: http.optional().catch(undefined),
  controlAppDevReachesGateway: ping.optional().catch(undefined),
  controlKnownNameResolves: dns.optional().catch(undefined),
  pingAppProdFromAppDev: ping.optional().catch(undefined),
  fetchAppProdFromAppDev: http.optional().catch(undefined),
  resolveAppProdFromAppDev: dns.optional().catch(undefined),
  readFirewallBefore: firewall.optional().catch(undefined),
  readFirewallAfter: firewall.optional().catch(undefined),
  createVethPair: veth.optional().catch(undefined),
  enslaveHostLink: enslaved.optional().catch(undefined),
  addSpliceAddress: address.optional().catch(undefined),
  readCountersBefore: counters.optional().catch(undefined),
  readCountersAfter: counters.optional().catch(undefined),
  pingSpliceFromAppDev: ping.optional().catch(undefined),
  fetchSpliceFromAppDev: http.optional().catch(undefined),
  pingAppDevFromAppProd: ping.optional().catch(undefined),
  fetchAppDevFromAppProd: http.optional().catch(undefined),
  pingAppProdOnItsOwnNetwork: ping.optional().catch(undefined),
});
export type Observed = z.infer<typeof observed>;

export function observedIn(outputs: Readonly<Record<string, unknown>>): Observed {
  return observed.parse(outputs);
}
