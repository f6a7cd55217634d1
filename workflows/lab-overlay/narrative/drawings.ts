import type { Drawing } from 'wf-engine';
import { HOSTS, type Host } from '../input.ts';
import type { Observed } from './observed.ts';
import type { LabTexts, Told } from './texts.ts';

type Layer = Drawing['layers'][number];
type Box = Layer['boxes'][number];
type Wire = Drawing['wires'][number];
type Path = Drawing['paths'][number];

/** The overlay as the steps observed it: whole, with two network identifiers, and cut by a rule. Drawn as far as the run came. */
export function drawingsOf(observed: Observed, told: Told, texts: LabTexts): readonly Drawing[] {
  const { alphaPair, betaPair, pingWrongVni, readWrongVxlan, pingWhileDropped } = observed;
  if (alphaPair === undefined || betaPair === undefined) return [];
  const [there, back] = [portId('alpha', told), portId('beta', told)];
  const inspected = observed.alphaReadVxlan !== undefined;
  const whole: Drawing = {
    ...texts.drawings.together,
    stage: inspected ? 'lookInside' : 'overlay',
    ...topology(observed, told, texts, { alpha: observed.alphaReadVxlan, beta: observed.betaReadVxlan }),
    paths: [
      ...path(there, back, [pinged(observed.alphaPings, texts), fetched(observed.alphaFetches, texts)]),
      ...path(back, there, [pinged(observed.betaPings, texts), fetched(observed.betaFetches, texts)]),
    ],
  };
  const wrong: Drawing = {
    ...texts.drawings.apart,
    stage: 'isolation',
    ...topology(observed, told, texts, { alpha: observed.alphaReadVxlan, beta: readWrongVxlan }),
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
      told,
      texts,
      { alpha: observed.readVxlanWhileDropped, beta: observed.readMendedVxlan },
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

/** Draws the containers above, then the links of each host down to the cable. */
function topology(
  observed: Observed,
  told: Told,
  texts: LabTexts,
  vxlans: Vxlans,
  onAlpha?: string,
): Pick<Drawing, 'layers' | 'wires'> {
  const { hostLink, bridge, vxlanLink, underlayLink } = told;
  const each = (make: (host: Host) => Box) => ({ group: null, boxes: HOSTS.map(make) });
  const id = (host: Host, link: string) => `${host}/${link}`;
  const linkBox = (link: string, linesOf: (host: Host) => readonly string[] = () => []) =>
    each((host) => ({ ...box(id(host, link), link, [texts.on(host), ...linesOf(host)]), origin: 'added' }));
  const cable = box('cable', texts.cable, []);
  const layers: readonly Layer[] = [
    each((host) => ({
      ...box(host, told[`${host}Container` as const], [texts.on(host)]),
      ports: [portOf(host, observed, told)],
    })),
    linkBox(hostLink),
    linkBox(bridge),
    linkBox(vxlanLink, (host) => {
      const seen = vxlans[host];
      return seen === undefined ? [] : [`VNI ${seen.vni}`, `MTU ${seen.mtu}`];
    }),
    linkBox(underlayLink, (host) => [
      told.underlay[host],
      ...(host === 'alpha' && onAlpha !== undefined ? [onAlpha] : []),
    ]),
    { group: null, boxes: [{ ...cable, origin: 'added' }] },
  ];
  const wires: readonly Wire[] = HOSTS.flatMap((host) => {
    const way = [
      portId(host, told),
      ...[hostLink, bridge, vxlanLink, underlayLink].map((link) => id(host, link)),
      cable.id,
    ];
    return way.slice(1).map((to, index): Wire => ({ from: way[index] ?? '', to, origin: 'added' }));
  });
  return { layers, wires };
}

export function box(id: string, title: string, lines: readonly string[]): Box {
  return { id, title, lines, ports: [], origin: 'given' };
}

function portId(host: Host, told: Told): string {
  return `${told[`${host}Container` as const]}/${told.containerDevice}`;
}

function portOf(host: Host, observed: Observed, told: Told): Box['ports'][number] {
  const device = observed[`${host}Links` as const]?.links.find(({ name }) => name === told.containerDevice);
  const lines = (device?.addresses ?? []).filter((address) => !address.startsWith('fe80:'));
  return { id: portId(host, told), title: told.containerDevice, lines, origin: 'added' };
}

type Seen = { readonly answered: boolean; readonly words: string };

/** Returns nothing if nothing was tried. */
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
