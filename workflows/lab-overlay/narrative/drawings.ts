import type { Drawing } from 'wf-engine';
import { HOSTS, type Host } from '../input.ts';
import type { Observed } from './observed.ts';
import type { LabFacts, LabTexts } from './texts.ts';

type Layer = Drawing['layers'][number];
type Box = Layer['boxes'][number];
type Wire = Drawing['wires'][number];
type Path = Drawing['paths'][number];

/** Returns the overlay as the steps have observed it: working, with two network identifiers, and cut off by a rule. */
export function drawingsOf(observed: Observed, facts: LabFacts, texts: LabTexts): readonly Drawing[] {
  const { alphaPair, betaPair, pingWrongVni, readWrongVxlan, pingWhileDropped } = observed;
  if (alphaPair === undefined || betaPair === undefined) return [];
  const [there, back] = [portId('alpha', facts), portId('beta', facts)];
  const inspected = observed.alphaReadVxlan !== undefined;
  const whole: Drawing = {
    ...texts.drawings.together,
    stage: inspected ? 'lookInside' : 'overlay',
    ...topology(observed, facts, texts, { alpha: observed.alphaReadVxlan, beta: observed.betaReadVxlan }),
    paths: [
      ...path(there, back, [pinged(observed.alphaPings, texts), fetched(observed.alphaFetches, texts)]),
      ...path(back, there, [pinged(observed.betaPings, texts), fetched(observed.betaFetches, texts)]),
    ],
  };
  const wrong: Drawing = {
    ...texts.drawings.apart,
    stage: 'isolation',
    ...topology(observed, facts, texts, { alpha: observed.alphaReadVxlan, beta: readWrongVxlan }),
    paths: [
      ...path(there, back, [pinged(pingWrongVni, texts)]),
      ...path(back, there, [fetched(observed.fetchWrongVni, texts)]),
    ],
  };
  const dropped: Drawing = {
    ...texts.drawings.dropped,
    stage: 'failure',
    ...topology(
      observed,
      facts,
      texts,
      { alpha: observed.readVxlanWhileDropped, beta: observed.readRepairedVxlan },
      texts.dropsOverlay,
    ),
    paths: path(there, back, [pinged(pingWhileDropped, texts)]),
  };
  return [
    whole,
    ...(readWrongVxlan === undefined || pingWrongVni === undefined ? [] : [wrong]),
    ...(pingWhileDropped === undefined ? [] : [dropped]),
  ];
}

type Vxlans = Readonly<Record<Host, Observed['alphaReadVxlan']>>;

/** Draws the containers at the top, then the links of each host down to the cable. */
function topology(
  observed: Observed,
  facts: LabFacts,
  texts: LabTexts,
  vxlans: Vxlans,
  onAlpha?: string,
): Pick<Drawing, 'layers' | 'wires'> {
  const { hostLink, bridge, vxlanLink, underlayLink } = facts;
  const each = (make: (host: Host) => Box) => ({ group: null, boxes: HOSTS.map(make) });
  const id = (host: Host, link: string) => `${host}/${link}`;
  const linkBox = (link: string, linesOf: (host: Host) => readonly string[] = () => []) =>
    each((host) => ({ ...box(id(host, link), link, [texts.on(host), ...linesOf(host)]), origin: 'added' }));
  const cable = box('cable', texts.cable, []);
  const layers: readonly Layer[] = [
    each((host) => ({
      ...box(host, facts[`${host}Container` as const], [texts.on(host)]),
      ports: [portOf(host, observed, facts)],
    })),
    linkBox(hostLink),
    linkBox(bridge),
    linkBox(vxlanLink, (host) => {
      const seen = vxlans[host];
      return seen === undefined ? [] : [`VNI ${seen.vni}`, `MTU ${seen.mtu}`];
    }),
    linkBox(underlayLink, (host) => [
      facts.underlay[host],
      ...(host === 'alpha' && onAlpha !== undefined ? [onAlpha] : []),
    ]),
    { group: null, boxes: [{ ...cable, origin: 'added' }] },
  ];
  const wires: readonly Wire[] = HOSTS.flatMap((host) => {
    const chain = [
      portId(host, facts),
      ...[hostLink, bridge, vxlanLink, underlayLink].map((link) => id(host, link)),
      cable.id,
    ];
    return chain.slice(1).map((to, index): Wire => ({ from: chain[index] ?? '', to, origin: 'added' }));
  });
  return { layers, wires };
}

export function box(id: string, title: string, lines: readonly string[]): Box {
  return { id, title, lines, ports: [], origin: 'given' };
}

function portId(host: Host, facts: LabFacts): string {
  return `${facts[`${host}Container` as const]}/${facts.containerDevice}`;
}

function portOf(host: Host, observed: Observed, facts: LabFacts): Box['ports'][number] {
  const device = observed[`${host}Links` as const]?.links.find(({ name }) => name === facts.containerDevice);
  const lines = (device?.addresses ?? []).filter((address) => !address.startsWith('fe80:'));
  return { id: portId(host, facts), title: facts.containerDevice, lines, origin: 'added' };
}

type Seen = { readonly answered: boolean; readonly words: string };

/** Returns no path if there was no attempt. */
export function path(from: string, to: string, tried: readonly (Seen | undefined)[]): readonly Path[] {
  const seen = tried.filter((one) => one !== undefined);
  if (seen.length === 0) return [];
  const answers = seen.filter(({ answered }) => answered).length;
  const state = answers === seen.length ? 'open' : answers === 0 ? 'blocked' : 'unclear';
  return [{ from, to, state, seen: seen.map(({ words }) => words).join(', ') }];
}

export function pinged(ping: Observed['alphaPings'], texts: LabTexts): Seen | undefined {
  return ping && { answered: ping.answered, words: texts.pings(ping.received, ping.sent) };
}

export function fetched(http: Observed['alphaFetches'], texts: LabTexts): Seen | undefined {
  return http && { answered: http.answered, words: texts.fetched(http.answered ? shortened(http.body) : null) };
}

/** Returns the beginning of an HTTP answer, which may be long. */
function shortened(body: string): string {
  const text = body.trim();
  return text.length <= 24 ? text : `${text.slice(0, 23)}…`;
}
