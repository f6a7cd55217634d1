import {
  addressAt,
  containerNameSchema,
  imageReferenceSchema,
  linkNameSchema,
  networkNameSchema,
  prefixLengthOf,
  subnetSchema,
  subnetsOverlap,
} from 'wf-engine';
import { z } from 'zod';

/** The two hosts of the lab. */
export const HOSTS = ['alpha', 'beta'] as const;
export type Host = (typeof HOSTS)[number];

/** MTU of the underlay. */
export const UNDERLAY_MTU = 1500;
/** Bytes that VXLAN adds to a frame on the underlay: the inner Ethernet header (14), and those of VXLAN (8), UDP (8) and IPv4 (20). */
export const OVERHEAD = 50;
/** Largest packet of the overlay that fits the underlay. */
export const OVERLAY_MTU = UNDERLAY_MTU - OVERHEAD;

/** Bytes of the headers of IPv4 and ICMP. */
const PING_HEADERS = 28;
/** Bytes of data of the largest pings that fit the underlay and the overlay, and of one that does not fit the overlay. */
export const PING_SIZES = {
  underlay: UNDERLAY_MTU - PING_HEADERS,
  fits: OVERLAY_MTU - PING_HEADERS,
  tooLarge: OVERLAY_MTU - PING_HEADERS + 1,
};

/** Name of beta's end of the cable until it is in beta. */
export const CABLE_END = 'under1';

/** Four addresses: of the network, two containers, and the broadcast. */
const LONGEST_OVERLAY_PREFIX = 30;
/** Name servers answer for names of one label. */
const LABEL_LIMIT = 63;
const LARGEST_VNI = 16_777_215;

const text = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\p{Cc}]*$/u, 'no control characters');
const containerName = containerNameSchema.max(LABEL_LIMIT);
const networkName = networkNameSchema.max(LABEL_LIMIT);
const vni = z.number().int().min(1).max(LARGEST_VNI);

export const inputSchema = z
  .object({
    image: imageReferenceSchema.default('hashicorp/http-echo').describe('image of the containers; takes -text'),
    network: networkName.default('local').describe('network of the container on each host'),
    strangerNetwork: networkName.default('other').describe('another network on alpha'),
    alphaContainer: containerName.default('AppAlpha'),
    betaContainer: containerName.default('AppBeta'),
    strangerContainer: containerName.default('Stranger').describe('container on the other network'),
    alphaText: text.default('Mon AppAlpha'),
    betaText: text.default('Mon AppBeta'),
    underlaySubnet: subnetSchema.default('10.91.0.0/30').describe('subnet of the cable between the hosts'),
    overlaySubnet: subnetSchema.default('10.42.0.0/24').describe('subnet of the containers on the overlay'),
    underlayLink: linkNameSchema.default('under0').describe('end of the cable on each host'),
    bridge: linkNameSchema.default('br0').describe('bridge of the overlay on each host'),
    vxlanLink: linkNameSchema.default('vxlan0').describe('VXLAN link on each host'),
    hostLink: linkNameSchema.default('int_hote').describe('end of the veth pair on the bridge'),
    containerLink: linkNameSchema
      .default('int_conteneur')
      .describe('end of the veth pair that goes into the container'),
    containerDevice: linkNameSchema.default('eth1').describe('its name in there'),
    vni: vni.default(42).describe('network identifier of the overlay'),
    wrongVni: vni.default(43).describe('network identifier that beta has for a while'),
    port: z.number().int().min(1).max(65_535).default(4789).describe('UDP port of VXLAN'),
    prefix: z
      .string()
      .regex(/^(?:[A-Za-z0-9][A-Za-z0-9_-]*)?$/, 'letters, digits, "_" and "-"')
      .max(40)
      .default('')
      .describe('put before the names of networks and containers'),
  })
  .superRefine((input, context) => {
    for (const [key, message] of problems(input)) context.addIssue({ code: 'custom', path: [key], message });
  });
export type Input = z.output<typeof inputSchema>;

/** Names of networks and containers, with the prefix. */
export type Names = Pick<
  Input,
  'network' | 'strangerNetwork' | 'alphaContainer' | 'betaContainer' | 'strangerContainer'
>;

export function namesOf(input: Input): Names {
  const prefixed = (name: string) => `${input.prefix}${name}`;
  return {
    network: prefixed(input.network),
    strangerNetwork: prefixed(input.strangerNetwork),
    alphaContainer: prefixed(input.alphaContainer),
    betaContainer: prefixed(input.betaContainer),
    strangerContainer: prefixed(input.strangerContainer),
  };
}

/** Returns the address of a host on the cable. */
export function underlayAddress({ underlaySubnet }: Pick<Input, 'underlaySubnet'>, host: Host): string {
  return addressAt(underlaySubnet, host === 'alpha' ? 1 : 2);
}

/** Returns the address of a host's container on the overlay. */
export function overlayAddress({ overlaySubnet }: Pick<Input, 'overlaySubnet'>, host: Host): string {
  return addressAt(overlaySubnet, host === 'alpha' ? 1 : 2);
}

/** Interfaces that every container has from the start. */
const CONTAINER_LINKS = new Set(['lo', 'eth0']);

function problems(input: Input): readonly (readonly [keyof Input, string])[] {
  const found: (readonly [keyof Input, string])[] = [];
  const { overlaySubnet, underlaySubnet, wrongVni, containerDevice, alphaContainer } = input;
  if (subnetsOverlap(overlaySubnet, underlaySubnet)) found.push(['overlaySubnet', 'overlaps underlaySubnet']);
  if (prefixLengthOf(overlaySubnet) > LONGEST_OVERLAY_PREFIX) {
    found.push(['overlaySubnet', `${overlaySubnet} has no room for two containers`]);
  }
  if (wrongVni === input.vni) found.push(['wrongVni', 'must differ from vni']);
  if (CONTAINER_LINKS.has(containerDevice)) {
    found.push(['containerDevice', 'every container has an interface of this name; choose another one, such as eth1']);
  }
  if (input.network === input.strangerNetwork) found.push(['strangerNetwork', 'must differ from network']);
  for (const key of ['betaContainer', 'strangerContainer'] as const) {
    if (alphaContainer.toLowerCase() !== input[key].toLowerCase()) continue;
    found.push([key, 'must differ from alphaContainer, in more than capital and small letters']);
  }
  const links = ['underlayLink', 'bridge', 'vxlanLink', 'hostLink', 'containerLink'] as const;
  const taken = new Set(['lo', CABLE_END]);
  for (const key of links) {
    if (taken.has(input[key])) found.push([key, `"${input[key]}" is the name of another link of the host`]);
    taken.add(input[key]);
  }
  const names = namesOf(input);
  for (const key of ['network', 'strangerNetwork', 'alphaContainer', 'betaContainer', 'strangerContainer'] as const) {
    if (names[key].length <= LABEL_LIMIT) continue;
    found.push([key, `"${names[key]}" has ${names[key].length} characters; use a name of at most ${LABEL_LIMIT}`]);
  }
  return found;
}
