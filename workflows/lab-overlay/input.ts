import {
  addressAt,
  containerNameSchema,
  hostsInput,
  imageReferenceSchema,
  linkNameSchema,
  networkNameSchema,
  prefixLengthOf,
  subnetSchema,
  subnetsOverlap,
} from 'wf-engine/steps';
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

/** Name of beta's end of the cable until the move into beta. */
export const CABLE_END = 'under1';
/** UDP port of VXLAN. Docker's driver `overlay` also accepts other ports from 1024. */
const VXLAN_PORT = 4789;

/** Four addresses: network, two containers, broadcast. */
const LONGEST_OVERLAY_PREFIX = 30;
/** Docker also takes an address for the gateway and one for each host. */
const LONGEST_DOCKER_PREFIX = 29;
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
const address = z.ipv4();

export const inputSchema = z
  .object({
    hosts: hostsInput(HOSTS),
    addresses: z
      .string()
      .refine(
        (text) => text === '' || addressesIn(text) !== undefined,
        'must be empty, or two addresses such as 192.0.2.1,192.0.2.2',
      )
      .default('')
      .describe('addresses by which given hosts reach each other; empty: the run connects them by a cable'),
    image: imageReferenceSchema.default('hashicorp/http-echo').describe('image of the containers; takes -text'),
    images: z
      .array(z.string())
      .default([])
      .describe('files of `docker save` for engines that the run starts; empty: the images of this machine'),
    network: networkName.default('local').describe('by hand: network of the container on each host'),
    overlayNetwork: networkName.default('overlay').describe('on Docker: overlay network'),
    strangerNetwork: networkName.default('other').describe('another network: by hand on alpha, on Docker an overlay'),
    encryptedNetwork: networkName.default('encrypted').describe('on Docker: encrypted overlay network'),
    alphaContainer: containerName.default('AppAlpha'),
    betaContainer: containerName.default('AppBeta'),
    strangerContainer: containerName.default('Stranger').describe('container of alpha on the other network'),
    remoteStranger: containerName
      .default('RemoteStranger')
      .describe('on Docker: container of beta on the other network'),
    encryptedAlpha: containerName
      .default('SecretAlpha')
      .describe('on Docker: container of alpha on the encrypted network'),
    encryptedBeta: containerName
      .default('SecretBeta')
      .describe('on Docker: container of beta on the encrypted network'),
    alphaText: text.default('Mon AppAlpha'),
    betaText: text.default('Mon AppBeta'),
    underlaySubnet: subnetSchema.default('10.91.0.0/30').describe('subnet of the cable between the hosts'),
    overlaySubnet: subnetSchema.default('10.42.0.0/24').describe('subnet of the containers on the overlay'),
    strangerSubnet: subnetSchema.default('10.43.0.0/24').describe('on Docker: subnet of the other overlay'),
    encryptedSubnet: subnetSchema.default('10.44.0.0/24').describe('on Docker: subnet of the encrypted overlay'),
    underlayLink: linkNameSchema.default('under0').describe('end of the cable on each host'),
    bridge: linkNameSchema.default('br0').describe('by hand: bridge of the overlay on each host'),
    vxlanLink: linkNameSchema.default('vxlan0').describe('by hand: VXLAN link on each host'),
    hostLink: linkNameSchema.default('int_hote').describe('by hand: end of the veth pair on the bridge'),
    containerLink: linkNameSchema
      .default('int_conteneur')
      .describe('by hand: end of the veth pair that goes into the container'),
    containerDevice: linkNameSchema.default('eth1').describe('by hand: name of that end inside the container'),
    vni: vni.default(42).describe('by hand: network identifier of the overlay'),
    wrongVni: vni.default(43).describe('by hand: network identifier that beta uses temporarily'),
    port: z.number().int().min(1).max(65_535).default(VXLAN_PORT).describe('UDP port of VXLAN'),
    prefix: z
      .string()
      .regex(/^(?:[A-Za-z0-9][A-Za-z0-9_-]*)?$/, 'letters, digits, "_" and "-"')
      .max(40)
      .default('')
      .describe('prefix of the names of networks and containers'),
  })
  .superRefine((input, context) => {
    for (const [key, message] of problems(input)) context.addIssue({ code: 'custom', path: [key], message });
  });
export type Input = z.output<typeof inputSchema>;

/** Inputs that are names of networks and containers. */
const NETWORKS = ['network', 'overlayNetwork', 'strangerNetwork', 'encryptedNetwork'] as const;
const CONTAINERS = [
  'alphaContainer',
  'betaContainer',
  'strangerContainer',
  'remoteStranger',
  'encryptedAlpha',
  'encryptedBeta',
] as const;
const NAMES = [...NETWORKS, ...CONTAINERS] as const;

/** Names of networks and containers, with the prefix. */
export type Names = Pick<Input, (typeof NAMES)[number]>;

export function namesOf(input: Input): Names {
  const prefixed = (name: string) => `${input.prefix}${name}`;
  return {
    network: prefixed(input.network),
    overlayNetwork: prefixed(input.overlayNetwork),
    strangerNetwork: prefixed(input.strangerNetwork),
    encryptedNetwork: prefixed(input.encryptedNetwork),
    alphaContainer: prefixed(input.alphaContainer),
    betaContainer: prefixed(input.betaContainer),
    strangerContainer: prefixed(input.strangerContainer),
    remoteStranger: prefixed(input.remoteStranger),
    encryptedAlpha: prefixed(input.encryptedAlpha),
    encryptedBeta: prefixed(input.encryptedBeta),
  };
}

/** Whether the hosts have Docker engines, which form a Swarm. Otherwise the run builds the overlay by hand. */
export function isOnDocker({ hosts }: Pick<Input, 'hosts'>): boolean {
  return hosts !== '';
}

/** Whether the run connects the hosts by a cable. Given hosts may reach each other already. */
export function hasCable({ addresses }: Pick<Input, 'addresses'>): boolean {
  return addresses === '';
}

/** Returns the links of each host before the overlay; null if the hosts are the user's. */
export function linksBefore({ hosts }: Pick<Input, 'hosts'>): string[] | null {
  if (hosts === '') return ['lo'];
  // The bridge of each engine.
  return hosts === 'private' ? ['lo', 'docker0'] : null;
}

/** Returns the address of a host on the underlay. */
export function underlayAddress(
  { addresses, underlaySubnet }: Pick<Input, 'addresses' | 'underlaySubnet'>,
  host: Host,
): string {
  return addressesIn(addresses)?.[host] ?? addressAt(underlaySubnet, host === 'alpha' ? 1 : 2);
}

/** Returns the address of a container on the handmade overlay. */
export function handmadeAddress({ overlaySubnet }: Pick<Input, 'overlaySubnet'>, host: Host): string {
  return addressAt(overlaySubnet, host === 'alpha' ? 1 : 2);
}

function addressesIn(text: string): Readonly<Record<Host, string>> | undefined {
  const [alpha, beta, ...more] = text.split(',').map((part) => address.safeParse(part).data);
  return alpha === undefined || beta === undefined || more.length > 0 ? undefined : { alpha, beta };
}

/** Interfaces of every new container. */
const CONTAINER_LINKS = new Set(['lo', 'eth0']);

type Problem = readonly [keyof Input, string];

function problems(input: Input): readonly Problem[] {
  return [...subnetProblems(input), ...linkProblems(input), ...nameProblems(input), ...hostProblems(input)];
}

function hostProblems({ hosts, addresses, port }: Input): readonly Problem[] {
  const found: Problem[] = [];
  const given = hosts !== '' && hosts !== 'private';
  if (addresses !== '' && !given)
    found.push(['addresses', 'only given hosts already have an underlay; set hosts, or leave addresses empty']);
  // The engine's own limit.
  if (hosts !== '' && port < 1024) found.push(['port', 'Docker accepts ports from 1024 to 49151']);
  return found;
}

function subnetProblems(input: Input): readonly Problem[] {
  const found: Problem[] = [];
  const onDocker = isOnDocker(input);
  const overlays = onDocker
    ? (['overlaySubnet', 'strangerSubnet', 'encryptedSubnet'] as const)
    : (['overlaySubnet'] as const);
  const longest = onDocker ? LONGEST_DOCKER_PREFIX : LONGEST_OVERLAY_PREFIX;
  const taken: (keyof Input & `${string}Subnet`)[] = hasCable(input) ? ['underlaySubnet'] : [];
  for (const key of overlays) {
    const other = taken.find((one) => subnetsOverlap(input[key], input[one]));
    if (other !== undefined) found.push([key, `overlaps ${other}`]);
    if (prefixLengthOf(input[key]) > longest) found.push([key, `${input[key]} has no room for two containers`]);
    taken.push(key);
  }
  return found;
}

function linkProblems(input: Input): readonly Problem[] {
  const found: Problem[] = [];
  const { wrongVni, vni: right, containerDevice } = input;
  if (wrongVni === right) found.push(['wrongVni', 'must differ from vni']);
  if (CONTAINER_LINKS.has(containerDevice)) {
    found.push(['containerDevice', 'every container has an interface of this name; choose another one, such as eth1']);
  }
  const taken = new Set(['lo', CABLE_END]);
  for (const key of ['underlayLink', 'bridge', 'vxlanLink', 'hostLink', 'containerLink'] as const) {
    if (taken.has(input[key])) found.push([key, `"${input[key]}" is the name of another link of the host`]);
    taken.add(input[key]);
  }
  return found;
}

function nameProblems(input: Input): readonly Problem[] {
  const found: Problem[] = [];
  for (const [index, key] of NETWORKS.entries()) {
    const other = NETWORKS.slice(0, index).find((one) => input[one] === input[key]);
    if (other !== undefined) found.push([key, `must differ from ${other}`]);
  }
  for (const [index, key] of CONTAINERS.entries()) {
    const other = CONTAINERS.slice(0, index).find((one) => input[one].toLowerCase() === input[key].toLowerCase());
    if (other === undefined) continue;
    found.push([key, `must differ from ${other} by more than case`]);
  }
  const names = namesOf(input);
  for (const key of NAMES) {
    if (names[key].length <= LABEL_LIMIT) continue;
    found.push([key, `"${names[key]}" has ${names[key].length} characters; use a name of at most ${LABEL_LIMIT}`]);
  }
  return found;
}
