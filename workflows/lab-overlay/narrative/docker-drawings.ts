import type { Drawing } from 'wf-engine';
import { HOSTS, type Host } from '../input.ts';
import { box, fetched, path, pinged } from './drawings.ts';
import type { Observed } from './observed.ts';
import type { LabFacts, LabTexts } from './texts.ts';

type Box = Drawing['layers'][number]['boxes'][number];
type Wire = Drawing['wires'][number];
/** A container on an overlay of a host, with the VXLAN link below it. */
interface Placed {
  readonly host: Host;
  readonly container: Observed['alphaOverlayContainer'];
  readonly tunnel: Observed['alphaReadOverlay'];
  /** Distinguishes the links of two overlays of a host. */
  readonly overlay: string;
}

/** Returns the overlay as the steps have observed it: working, beside a second one, and cut off by a rule. */
export function dockerDrawingsOf(observed: Observed, facts: LabFacts, texts: LabTexts): readonly Drawing[] {
  const { alphaOverlayContainer: alpha, betaOverlayContainer: beta, strangerOnAlpha, strangerOnBeta } = observed;
  if (alpha === undefined || beta === undefined) return [];
  const own: readonly Placed[] = [
    { host: 'alpha', container: alpha, tunnel: observed.alphaReadOverlay, overlay: facts.overlayNetwork },
    { host: 'beta', container: beta, tunnel: observed.betaReadOverlay, overlay: facts.overlayNetwork },
  ];
  const other = { tunnel: observed.readOtherOverlay, overlay: facts.strangerNetwork };
  const all: readonly Placed[] = [
    ...own.slice(0, 1),
    { host: 'alpha', container: strangerOnAlpha, ...other },
    { host: 'beta', container: strangerOnBeta, ...other },
    ...own.slice(1),
  ];
  const whole: Drawing = {
    ...texts.drawings.together,
    stage: observed.alphaReadOverlay === undefined ? 'overlay' : 'lookInside',
    ...topology(own, facts, texts),
    paths: [
      ...path(alpha.name, beta.name, [pinged(observed.alphaPings, texts), fetched(observed.alphaFetches, texts)]),
      ...path(beta.name, alpha.name, [pinged(observed.betaPings, texts), fetched(observed.betaFetches, texts)]),
    ],
  };
  const apart: Drawing = {
    ...texts.drawings.apart,
    stage: 'isolation',
    ...topology(all, facts, texts),
    paths: [
      ...path(alpha.name, facts.remoteStranger, [
        pinged(observed.pingRemoteStranger, texts),
        fetched(observed.fetchRemoteStranger, texts),
      ]),
      ...path(alpha.name, facts.strangerContainer, [pinged(observed.pingLocalStranger, texts)]),
      ...path(facts.strangerContainer, beta.name, [pinged(observed.pingAsStranger, texts)]),
      ...path(facts.strangerContainer, facts.remoteStranger, [
        pinged(observed.controlStrangers, texts),
        fetched(observed.controlStrangerPage, texts),
      ]),
    ],
  };
  const dropped: Drawing = {
    ...texts.drawings.dropped,
    stage: 'failure',
    ...topology(own, facts, texts, texts.dropsOverlay),
    paths: path(alpha.name, beta.name, [pinged(observed.pingWhileDropped, texts)]),
  };
  return [
    whole,
    ...(observed.pingRemoteStranger === undefined ? [] : [apart]),
    ...(observed.pingWhileDropped === undefined ? [] : [dropped]),
  ];
}

/** Draws the containers at the top, then the VXLAN link of each, each host's link on the underlay, and the underlay. */
function topology(
  all: readonly Placed[],
  facts: LabFacts,
  texts: LabTexts,
  onAlpha?: string,
): Pick<Drawing, 'layers' | 'wires'> {
  const placed = all.filter(({ container }) => container !== undefined);
  const layer = (boxes: readonly Box[]) => ({ group: null, boxes });
  const added = (one: Box): Box => ({ ...one, origin: 'added' });
  const nameOf = ({ container }: Placed) => container?.name ?? '';
  const tunnelOf = ({ host, overlay }: Placed) => `${host}/${overlay}`;
  const linkOf = (host: Host) => `${host}/underlay`;
  const origin = facts.hasCable ? 'added' : 'given';
  const layers = [
    layer(placed.map((one) => added(box(nameOf(one), nameOf(one), [texts.on(one.host), one.container?.ipv4 ?? ''])))),
    layer(
      placed.map((one) => {
        const { tunnel, host, overlay } = one;
        const lines = tunnel === undefined ? [] : [`VNI ${tunnel.vni}`, `MTU ${tunnel.mtu}`];
        return added(box(tunnelOf(one), overlay, [texts.on(host), ...lines]));
      }),
    ),
    layer(
      HOSTS.map((host) => ({
        ...box(linkOf(host), facts.hasCable ? facts.underlayLink : facts.underlay[host], [
          texts.on(host),
          ...(facts.hasCable ? [facts.underlay[host]] : []),
          ...(host === 'alpha' && onAlpha !== undefined ? [onAlpha] : []),
        ]),
        origin,
      })),
    ),
    layer([{ ...box('underlay', facts.hasCable ? texts.cable : texts.underlayBox, []), origin }]),
  ];
  const wires: readonly Wire[] = [
    ...placed.flatMap((one): readonly Wire[] => [
      { from: nameOf(one), to: tunnelOf(one), origin: 'added' },
      { from: tunnelOf(one), to: linkOf(one.host), origin: 'added' },
    ]),
    ...HOSTS.map((host): Wire => ({ from: linkOf(host), to: 'underlay', origin })),
  ];
  return { layers, wires };
}
