import { isInSubnet, prefixLengthOf, subnetsOverlap } from 'wf';
import { z } from 'zod';

/** Linux' IFNAMSIZ is 16 with the closing zero. */
const LINK_NAME_LIMIT = 15;

/** The smallest subnets that have an address number 100 are of 128 addresses. */
const LONGEST_PREFIX = 25;

const DEFAULT_LINKS = { hostLink: 'int_hote', containerLink: 'int_conteneur' };

const dockerName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'letters, digits, "_", "." and "-", beginning with a letter or a digit')
  .max(63);
const linkName = z
  .string()
  .regex(/^[^\s/:%]+$/, 'an interface name has no white space, "/", ":" or "%"')
  .refine((name) => name !== '.' && name !== '..', 'not an interface name')
  .refine(
    (name) => Buffer.byteLength(name) <= LINK_NAME_LIMIT,
    `an interface name has at most ${LINK_NAME_LIMIT} characters`,
  );
const text = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\p{Cc}]*$/u, 'no control characters');

export const inputSchema = z
  .object({
    image: z.string().min(1).default('hashicorp/http-echo').describe('image of AppDev and AppProd; takes -text'),
    probeImage: z.string().min(1).default('alpine').describe('image with ping, wget and nslookup'),
    devNetwork: dockerName.default('devops'),
    prodNetwork: dockerName.default('prod'),
    devContainer: dockerName.default('AppDev'),
    prodContainer: dockerName.default('AppProd'),
    devText: text.default('Mon AppDev'),
    prodText: text.default('Production'),
    devSubnet: z.cidrv4().nullable().default(null).describe('e.g. 172.20.0.0/16; else Docker chooses'),
    prodSubnet: z.cidrv4().nullable().default(null),
    spliceAddress: z.ipv4().nullable().default(null).describe("else the devops subnet's .0.100"),
    hostLink: linkName
      .default(DEFAULT_LINKS.hostLink)
      .describe('the end of the veth pair that is enslaved to the bridge'),
    containerLink: linkName.default(DEFAULT_LINKS.containerLink).describe('the end that goes into AppProd'),
    containerDevice: linkName.default('eth1').describe('what it is called in there'),
    defaultRoute: z.enum(['secondary', 'replace', 'none']).default('secondary'),
    prefix: z
      .string()
      .regex(/^(?:[A-Za-z0-9][A-Za-z0-9_.-]*)?$/, 'letters, digits, "_", "." and "-"')
      .default('')
      .describe('put before every name on the host, so that several people can run the lab on it'),
  })
  .superRefine((input, context) => {
    const names = namesOf(input);
    for (const key of ['hostLink', 'containerLink'] as const) {
      if (!linkName.safeParse(names[key]).success) {
        const message = `"${names[key]}" is longer than the ${LINK_NAME_LIMIT} characters of an interface name; choose a shorter prefix or name`;
        context.addIssue({ code: 'custom', path: [key], message });
      }
    }
    const same = (
      a: 'devNetwork' | 'devContainer' | 'hostLink',
      b: 'prodNetwork' | 'prodContainer' | 'containerLink',
    ) => {
      if (names[a] === names[b]) context.addIssue({ code: 'custom', path: [b], message: `must differ from ${a}` });
    };
    same('devNetwork', 'prodNetwork');
    same('devContainer', 'prodContainer');
    same('hostLink', 'containerLink');
    if (input.devSubnet !== null && input.prodSubnet !== null && subnetsOverlap(input.devSubnet, input.prodSubnet)) {
      context.addIssue({ code: 'custom', path: ['prodSubnet'], message: 'overlaps devSubnet' });
    }
    const problem = input.devSubnet === null ? undefined : spliceProblem(input.spliceAddress, input.devSubnet);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['spliceAddress'], message: problem });
  });
export type Input = z.output<typeof inputSchema>;

export type Names = Pick<
  Input,
  'devNetwork' | 'prodNetwork' | 'devContainer' | 'prodContainer' | 'hostLink' | 'containerLink'
> & { readonly probeContainer: string };

/** Why an address cannot be AppProd's in the devops subnet; undefined where it can. Null: the subnet's .0.100. */
function spliceProblem(address: string | null, subnet: string): string | undefined {
  if (address !== null) return isInSubnet(address, subnet) ? undefined : `${address} is not in devSubnet ${subnet}`;
  if (prefixLengthOf(subnet) <= LONGEST_PREFIX) return undefined;
  return `devSubnet ${subnet} is too small to have an address number 100; name one that it has`;
}

/** The names on the host. A link name that was left at its default is cut where a prefix makes it too long. */
export function namesOf(input: Input): Names {
  const prefixed = (name: string) => `${input.prefix}${name}`;
  const link = (key: keyof typeof DEFAULT_LINKS) => {
    // Five characters tell the two defaults apart.
    const mayBeCut = input[key] === DEFAULT_LINKS[key] && input.prefix.length <= LINK_NAME_LIMIT - 5;
    return mayBeCut ? prefixed(input[key]).slice(0, LINK_NAME_LIMIT) : prefixed(input[key]);
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
