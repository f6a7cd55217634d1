import type { Drawing } from 'wf-engine';
import type { Observed } from './observed.ts';
import type { LabFacts, LabTexts } from './texts.ts';

type Layer = Drawing['layers'][number];
type Box = Layer['boxes'][number];
type Port = Box['ports'][number];
type Wire = Drawing['wires'][number];
type Path = Drawing['paths'][number];

/** Returns the topologies that the steps have observed before and after the splice. */
export function drawingsOf(observed: Observed, facts: LabFacts, texts: LabTexts): readonly Drawing[] {
  const { createDevNetwork, createProdNetwork, createVethPair } = observed;
  if (createDevNetwork === undefined && createProdNetwork === undefined) return [];
  const tested = observed.controlAppDevAnswersPing !== undefined;
  const connected = observed.readCountersBefore !== undefined;
  const paths = pathsBefore(observed, facts, texts);
  return [
    {
      ...texts.drawings.before,
      stage: tested ? 'isolationTest' : 'setup',
      ...topology(observed, facts, texts, false),
      paths,
    },
    ...(createVethPair === undefined
      ? []
      : [
          {
            ...texts.drawings.after,
            stage: connected ? 'connectivityTest' : 'vethSplice',
            ...topology(observed, facts, texts, true),
            paths: pathsAfter(observed, facts, texts),
          },
        ]),
  ];
}

/** Draws the containers at the top, then the host's ends of their veth pairs, then the bridges. */
function topology(
  observed: Observed,
  facts: LabFacts,
  texts: LabTexts,
  spliced: boolean,
): Pick<Drawing, 'layers' | 'wires'> {
  const containers: Box[] = [];
  const ends: Box[] = [];
  const bridges: Box[] = [];
  const wires: Wire[] = [];

  const { createAppDev, createAppProd, createDevNetwork, createProdNetwork } = observed;
  const plugged = [observed.observeDevBridge, observed.observeProdBridge].flatMap((bridge) =>
    (bridge?.ports ?? []).map((port) => ({ ...port, bridge: bridge?.name ?? '' })),
  );
  if (createAppDev !== undefined)
    containers.push(box(facts.devContainer, [], portsOf(facts.devContainer, observed.readAppDevAddresses, facts)));
  const prodLinks = (spliced ? observed.readSplicedAddresses : undefined) ?? observed.readAppProdAddresses;
  if (createAppProd !== undefined)
    containers.push(box(facts.prodContainer, [], portsOf(facts.prodContainer, prodLinks, facts)));

  for (const { peer, link, bridge } of plugged) {
    if (peer !== null && peer.container === facts.probeContainer && observed.removeProbe !== undefined) continue;
    ends.push(box(link, []));
    if (peer !== null) wires.push(wire(portId(peer.container, peer.link), link));
    wires.push(wire(link, bridge));
  }
  const pair = spliced ? observed.createVethPair : undefined;
  if (pair !== undefined) {
    ends.push({ ...box(pair.name, [texts.madeByHand]), origin: 'added' });
    const inside = prodLinks?.links.find(({ peerIfindex }) => peerIfindex === pair.ifindex);
    if (inside !== undefined) wires.push(wire(portId(facts.prodContainer, inside.name), pair.name, 'added'));
    const { enslaveHostLink } = observed;
    if (enslaveHostLink !== undefined) wires.push(wire(pair.name, enslaveHostLink.bridge, 'added'));
  }
  // Until a step observes the bridge of prod, only the index of the other end of AppProd's pair is known.
  const prodEnd = observed.readAppProdAddresses?.links.find(({ peerIfindex }) => peerIfindex !== null);
  if (prodEnd?.peerIfindex != null && !plugged.some(({ ifindex }) => ifindex === prodEnd.peerIfindex)) {
    const id = `number ${prodEnd.peerIfindex}`;
    ends.push({ ...box(texts.linkNumber(prodEnd.peerIfindex), []), id });
    wires.push(wire(portId(facts.prodContainer, prodEnd.name), id));
    if (createProdNetwork !== undefined) wires.push(wire(id, createProdNetwork.bridge));
  }
  for (const network of [createDevNetwork, createProdNetwork]) {
    if (network === undefined) continue;
    const { name, subnet, gateway, bridge } = network;
    bridges.push({ ...box(bridge, [`${name} ${subnet}`, texts.gateway(gateway)]), id: bridge });
  }
  const layers: readonly Layer[] = [
    { group: null, boxes: containers },
    { group: texts.host, boxes: ends },
    { group: texts.host, boxes: bridges },
  ];
  return { layers: layers.filter(({ boxes }) => boxes.length > 0), wires };
}

function box(title: string, lines: readonly string[], ports: readonly Port[] = []): Box {
  return { id: title, title, lines, ports, origin: 'given' };
}

function wire(from: string, to: string, origin: Wire['origin'] = 'given'): Wire {
  return { from, to, origin };
}

function portId(container: string, link: string): string {
  return `${container}/${link}`;
}

/** Returns the ports of a container. The added interface comes first, as the drawing has its network on the left. */
function portsOf(container: string, seen: Observed['readAppDevAddresses'], facts: LabFacts): readonly Port[] {
  const links = (seen?.links ?? []).filter(({ peerIfindex }) => peerIfindex !== null);
  const isAdded = (name: string) => container === facts.prodContainer && name === facts.containerDevice;
  return links
    .toSorted((a, b) => Number(isAdded(b.name)) - Number(isAdded(a.name)))
    .map(({ name, addresses }) => ({
      id: portId(container, name),
      title: name,
      lines: addresses.filter((address) => !address.startsWith('fe80:')),
      origin: isAdded(name) ? 'added' : 'given',
    }));
}

type Seen = { readonly answered: boolean; readonly words: string };

function pathsBefore(observed: Observed, facts: LabFacts, texts: LabTexts): readonly Path[] {
  const [dev, prod] = [portId(facts.devContainer, 'eth0'), portId(facts.prodContainer, 'eth0')];
  const { controlAppDevAnswersPing, controlAppDevAnswersHttp, controlAppDevReachesGateway } = observed;
  return [
    ...path(texts.host, dev, [pinged(controlAppDevAnswersPing, texts), fetched(controlAppDevAnswersHttp, texts)]),
    ...path(texts.host, prod, [
      pinged(observed.controlAppProdAnswersPing, texts),
      fetched(observed.controlAppProdAnswersHttp, texts),
    ]),
    ...path(dev, texts.gateway(controlAppDevReachesGateway?.to ?? ''), [pinged(controlAppDevReachesGateway, texts)]),
    ...path(dev, prod, [
      pinged(observed.pingAppProdFromAppDev, texts),
      fetched(observed.fetchAppProdFromAppDev, texts),
      resolved(observed.resolveAppProdFromAppDev, texts),
    ]),
  ];
}

function pathsAfter(observed: Observed, facts: LabFacts, texts: LabTexts): readonly Path[] {
  const [dev, prod] = [portId(facts.devContainer, 'eth0'), portId(facts.prodContainer, 'eth0')];
  const spliced = portId(facts.prodContainer, facts.containerDevice);
  return [
    ...path(dev, spliced, [
      pinged(observed.pingSpliceFromAppDev, texts),
      fetched(observed.fetchSpliceFromAppDev, texts),
    ]),
    ...path(spliced, dev, [
      pinged(observed.pingAppDevFromAppProd, texts),
      fetched(observed.fetchAppDevFromAppProd, texts),
    ]),
    ...path(dev, prod, [pinged(observed.pingAppProdOnItsOwnNetwork, texts)]),
  ];
}

/** Returns no path if there was no attempt. */
function path(from: string, to: string, tried: readonly (Seen | undefined)[]): readonly Path[] {
  const seen = tried.filter((one) => one !== undefined);
  if (seen.length === 0) return [];
  const answers = seen.filter(({ answered }) => answered).length;
  const state = answers === seen.length ? 'open' : answers === 0 ? 'blocked' : 'unclear';
  return [{ from, to, state, seen: seen.map(({ words }) => words).join(', ') }];
}

function pinged(ping: Observed['pingAppDevByName'], texts: LabTexts): Seen | undefined {
  return ping && { answered: ping.answered, words: texts.pings(ping.received, ping.sent) };
}

function fetched(http: Observed['fetchAppDevByName'], texts: LabTexts): Seen | undefined {
  return http && { answered: http.answered, words: texts.fetched(http.answered ? shortened(http.body) : null) };
}

function resolved(dns: Observed['resolveAppProdFromAppDev'], texts: LabTexts): Seen | undefined {
  const answered = dns?.outcome === 'resolved';
  return dns && { answered, words: texts.name(dns.name, answered) };
}

/** Returns the beginning of an HTTP answer, which may be long. */
function shortened(body: string): string {
  const text = body.trim();
  return text.length <= 24 ? text : `${text.slice(0, 23)}…`;
}
