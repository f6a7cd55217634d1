import {
  addressAt,
  containerNameSchema,
  hostAddressProblem,
  hostAddressSchema,
  imageReferenceSchema,
  linkNameSchema,
  networkNameSchema,
  prefixLengthOf,
  subnetSchema,
  subnetsOverlap,
} from 'wf-engine/steps';
import { z } from 'zod';

/** IFNAMSIZ of the kernel, less the terminating zero. */
const LINK_NAME_LIMIT = 15;

/** A subnet needs 128 addresses to have the address number 100. */
const LONGEST_PREFIX_WITH_100 = 25;

/** Six addresses: the gateway, AppDev, the probe container, and one for the splice. */
const LONGEST_DEV_PREFIX = 29;

/** Both runtimes assign a subnet's addresses in order: the gateway, AppDev and the probe container have the first three. */
const ASSIGNED = [1, 2, 3];

/** Interfaces of every new container. */
const CONTAINER_LINKS = new Set(['lo', 'eth0']);

const DEFAULT_LINKS = { hostLink: 'int_hote', containerLink: 'int_conteneur' };

/** Docker's name server answers for names of one label. */
const LABEL_LIMIT = 63;
const NO_DOT = /^[^.]*$/;
const FORWARDED = 'Docker asks outside name servers for a name with a dot; use a name without one';
const containerName = containerNameSchema.max(LABEL_LIMIT).regex(NO_DOT, FORWARDED);
const networkName = networkNameSchema.max(LABEL_LIMIT);
const insideLinkName = linkNameSchema.refine(
  (name) => !CONTAINER_LINKS.has(name),
  'every container has an interface of this name already; choose another one, such as eth1',
);
const text = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\p{Cc}]*$/u, 'no control characters');

export const inputSchema = z
  .object({
    image: imageReferenceSchema.default('hashicorp/http-echo').describe('image of AppDev and AppProd; takes -text'),
    probeImage: imageReferenceSchema.default('alpine').describe('image with ping, wget and nslookup'),
    devNetwork: networkName.default('devops'),
    prodNetwork: networkName.default('prod'),
    devContainer: containerName.default('AppDev'),
    prodContainer: containerName.default('AppProd'),
    devText: text.default('Mon AppDev'),
    prodText: text.default('Production'),
    devSubnet: subnetSchema.nullable().default(null).describe('such as 172.20.0.0/16; null: Docker chooses'),
    prodSubnet: subnetSchema.nullable().default(null),
    spliceAddress: hostAddressSchema.nullable().default(null).describe('null: address number 100 of the devops subnet'),
    hostLink: linkNameSchema.default(DEFAULT_LINKS.hostLink).describe('end of the veth pair on the bridge'),
    containerLink: insideLinkName
      .default(DEFAULT_LINKS.containerLink)
      .describe('end of the veth pair that moves into AppProd'),
    containerDevice: insideLinkName.default('eth1').describe('name of that end inside AppProd'),
    defaultRoute: z.enum(['secondary', 'replace', 'none']).default('secondary'),
    prefix: z
      .string()
      .regex(/^(?:[A-Za-z0-9][A-Za-z0-9_-]*)?$/, 'letters, digits, "_" and "-"')
      .default('')
      .describe('prefix of every name on the host, so that several people can run the lab on it'),
  })
  .superRefine((input, context) => {
    const refuse = (key: keyof Input, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    for (const [key, message] of [...nameProblems(namesOf(input), input.prefix), ...clashes(input)])
      refuse(key, message);
    const { devSubnet, prodSubnet, spliceAddress } = input;
    if (devSubnet === null) return;
    if (prefixLengthOf(devSubnet) > LONGEST_DEV_PREFIX) {
      refuse(
        'devSubnet',
        `${devSubnet} has no room for the gateway, two containers and the splice address; use a prefix length of ${LONGEST_DEV_PREFIX} or less`,
      );
      return;
    }
    if (prodSubnet !== null && subnetsOverlap(devSubnet, prodSubnet)) refuse('prodSubnet', 'overlaps devSubnet');
    const problem = spliceProblem(spliceAddress, devSubnet);
    if (problem !== undefined) refuse('spliceAddress', problem);
  });
export type Input = z.output<typeof inputSchema>;

export type Names = Pick<
  Input,
  'devNetwork' | 'prodNetwork' | 'devContainer' | 'prodContainer' | 'hostLink' | 'containerLink'
> & { readonly probeContainer: string };

/** Returns the names that are too long with the prefix, by the input to shorten. */
function nameProblems(names: Names, prefix: string): readonly [keyof Input, string][] {
  const tooLong: [keyof Input, string][] = [];
  for (const key of ['hostLink', 'containerLink'] as const) {
    if (linkNameSchema.safeParse(names[key]).success) continue;
    const message = `"${names[key]}" is longer than the ${LINK_NAME_LIMIT} characters of an interface name; choose a shorter prefix or name`;
    tooLong.push([key, message]);
  }
  for (const key of ['devNetwork', 'prodNetwork', 'devContainer', 'prodContainer'] as const) {
    const name = key === 'devContainer' ? names.probeContainer : names[key];
    if (name.length <= LABEL_LIMIT) continue;
    const subject = prefix === '' ? `"${name}"` : `"${name}", with the prefix,`;
    tooLong.push([key, `${subject} has ${name.length} characters; use a name of at most ${LABEL_LIMIT}`]);
  }
  return tooLong;
}

/** Pairs of names that must differ. Docker's name server ignores case. */
function clashes(input: Input): readonly [keyof Input, string][] {
  const { devNetwork, prodNetwork, devContainer, prodContainer, probeContainer, hostLink, containerLink } =
    namesOf(input);
  const differFrom = (other: string) => `must differ from ${other}`;
  const found: [keyof Input, string][] = [];
  if (devNetwork === prodNetwork) found.push(['prodNetwork', differFrom('devNetwork')]);
  if (devContainer.toLowerCase() === prodContainer.toLowerCase()) {
    found.push(['prodContainer', differFrom('devContainer by more than case')]);
  }
  if (probeContainer.toLowerCase() === prodContainer.toLowerCase()) {
    found.push(['prodContainer', differFrom(`"${probeContainer}", the name of the probe container`)]);
  }
  if (hostLink === containerLink) found.push(['containerLink', differFrom('hostLink')]);
  return found;
}

/** Returns why an address cannot be AppProd's in the devops subnet; undefined if it can. Null means the subnet's address number 100. */
function spliceProblem(address: string | null, subnet: string): string | undefined {
  if (address === null) {
    if (prefixLengthOf(subnet) <= LONGEST_PREFIX_WITH_100) return undefined;
    const free = addressAt(subnet, ASSIGNED.length + 1);
    return `devSubnet ${subnet} is too small to have an address number 100; set an address that it has, such as ${free}`;
  }
  const problem = hostAddressProblem(address, subnet);
  if (problem !== undefined) return problem;
  const number = ASSIGNED.find((offset) => addressAt(subnet, offset) === address);
  if (number === undefined) return undefined;
  const holder = number === 1 ? 'the gateway' : 'a container';
  return `${address} belongs to ${holder} of ${subnet}; use ${addressAt(subnet, ASSIGNED.length + 1)} or a later one`;
}

/** Returns the names on the host. Truncates a default link name that is too long with the prefix. */
export function namesOf(input: Input): Names {
  const prefixed = (name: string) => `${input.prefix}${name}`;
  const link = (key: keyof typeof DEFAULT_LINKS) => {
    // Five characters distinguish the two defaults.
    const mayTruncate = input[key] === DEFAULT_LINKS[key] && input.prefix.length <= LINK_NAME_LIMIT - 5;
    return mayTruncate ? prefixed(input[key]).slice(0, LINK_NAME_LIMIT) : prefixed(input[key]);
  };
  return {
    devNetwork: prefixed(input.devNetwork),
    prodNetwork: prefixed(input.prodNetwork),
    devContainer: prefixed(input.devContainer),
    prodContainer: prefixed(input.prodContainer),
    probeContainer: prefixed(`${input.devContainer}-probe`),
    hostLink: link('hostLink'),
    containerLink: link('containerLink'),
  };
}
