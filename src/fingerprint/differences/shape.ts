import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';
import type { Fingerprint } from '../../engine/ports/fingerprint.ts';
import { FACETS, type Facet } from '../../engine/workflow/facets.ts';

/** Sections of a fingerprint; each is read completely or not at all. */
export const SECTION_NAMES = [
  'links',
  'addresses',
  'neighbours',
  'forwarding',
  'routes ipv4',
  'routes ipv6',
  'rules ipv4',
  'rules ipv6',
  'qdiscs',
  'sysctls',
  'namespaces',
  'iptables ipv4',
  'iptables ipv6',
  'iptables-legacy ipv4',
  'iptables-legacy ipv6',
  'nftables',
  'networks',
  'containers',
  'volumes',
  'swarm',
] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export const FACET_OF_SECTION: Readonly<Record<SectionName, Facet>> = {
  links: 'network',
  addresses: 'network',
  neighbours: 'network',
  forwarding: 'network',
  'routes ipv4': 'network',
  'routes ipv6': 'network',
  'rules ipv4': 'network',
  'rules ipv6': 'network',
  qdiscs: 'network',
  sysctls: 'network',
  namespaces: 'network',
  'iptables ipv4': 'firewall',
  'iptables ipv6': 'firewall',
  'iptables-legacy ipv4': 'firewall',
  'iptables-legacy ipv6': 'firewall',
  nftables: 'firewall',
  networks: 'docker',
  containers: 'docker',
  volumes: 'docker',
  swarm: 'docker',
};

/** State of a section that was read. */
export const READ = 'read';
/** State of Docker's sections if no engine answers: they cannot differ. */
export const NO_ENGINE = 'no engine';
/** State of a section of a facet that no step of the workflow can alter. */
export const LEFT_OUT = 'left out: no step of the workflow alters it';

/** Attributes by subject, such as `link docker0` or `route default via 10.0.0.1 dev eth0 table main`. */
export type Entries = Readonly<Record<string, Json>>;

export interface Section {
  /** `read`, `no engine`, `left out: why` or `unreadable: why`. */
  readonly state: string;
  readonly entries: Entries;
  /** Subjects that kept changing during sampling: the entries have their last value, if any. */
  readonly changing?: readonly string[] | undefined;
}

export type Sections = Readonly<Record<SectionName, Section>>;

const OMITTED: Section = { state: LEFT_OUT, entries: {} };

export const NETWORK_LEFT_OUT = {
  links: OMITTED,
  addresses: OMITTED,
  neighbours: OMITTED,
  forwarding: OMITTED,
  'routes ipv4': OMITTED,
  'routes ipv6': OMITTED,
  'rules ipv4': OMITTED,
  'rules ipv6': OMITTED,
  qdiscs: OMITTED,
  sysctls: OMITTED,
  namespaces: OMITTED,
} as const;
export const FIREWALL_LEFT_OUT = {
  'iptables ipv4': OMITTED,
  'iptables ipv6': OMITTED,
  'iptables-legacy ipv4': OMITTED,
  'iptables-legacy ipv6': OMITTED,
  nftables: OMITTED,
} as const;
export const DOCKER_LEFT_OUT = { networks: OMITTED, containers: OMITTED, volumes: OMITTED, swarm: OMITTED } as const;

/** Network namespace and Docker engine of a fingerprint; null if there is no engine or none was asked. */
export interface Place {
  readonly namespace: number;
  readonly engine: string | null;
}

/** Listed in each fingerprint, so that its reader knows the limits of a comparison. */
const NEVER_READ = [
  'docker images',
  'the contents of docker volumes',
  'neighbours and forwarding entries that were learned',
  'states and policies of IPsec',
  'the contents of other network namespaces',
];

const sectionSchema = z.object({
  state: z.string(),
  entries: z.record(z.string(), z.json()),
  changing: z.array(z.string()).optional(),
});
const fingerprintSchema = z.object({
  version: z.literal(1),
  /** Null for a private host, which is the same from every place of wf. */
  place: z.object({ namespace: z.number(), engine: z.string().nullable() }).nullable().default(null),
  sections: z.record(z.enum(SECTION_NAMES), sectionSchema),
});

/** Builds the fingerprint that is stored and compared. */
export function asFingerprint(sections: Sections, place: Place | null): Fingerprint {
  const plain: Record<string, Json> = {};
  for (const name of SECTION_NAMES) {
    const { state, entries, changing = [] } = sections[name];
    plain[name] = { state, entries, ...(changing.length === 0 ? {} : { changing }) };
  }
  return {
    version: 1,
    leftOut: NEVER_READ,
    place: place && { namespace: place.namespace, engine: place.engine },
    sections: plain,
  };
}

/** Parses a stored fingerprint. @throws WfError E_DATABASE_DAMAGED if it has another shape. */
export function readFingerprint(fingerprint: Fingerprint): {
  readonly sections: Sections;
  readonly place: Place | null;
} {
  const parsed = fingerprintSchema.safeParse(fingerprint);
  if (parsed.success) return parsed.data;
  throw new WfError(
    'E_DATABASE_DAMAGED',
    `a stored fingerprint cannot be read: ${z.prettifyError(parsed.error).split('\n')[0] ?? 'it has another shape'}`,
    { hint: 'Use the version of wf that started the run: the fingerprint is damaged or from another version.' },
  );
}

/** Builds a section that was read. Numbers a repeated subject (two otherwise equal routes). */
export function readSection(found: Iterable<readonly [subject: string, attributes: Json]>): Section {
  const entries: Record<string, Json> = {};
  for (const [subject, attributes] of found) {
    let key = subject;
    for (let occurrence = 2; Object.hasOwn(entries, key); occurrence += 1) key = `${subject} (${occurrence})`;
    entries[key] = attributes;
  }
  return { state: READ, entries };
}

/** Returns the facets that these sections contain. */
export function facetsIn(sections: Sections): readonly Facet[] {
  const firstOf = { network: sections.links, firewall: sections.nftables, docker: sections.networks };
  return FACETS.filter((facet) => firstOf[facet].state !== LEFT_OUT);
}

/** Returns the sections of the given facets. */
export function limitedTo(facets: readonly Facet[], sections: Sections): Sections {
  return {
    ...sections,
    ...(facets.includes('network') ? {} : NETWORK_LEFT_OUT),
    ...(facets.includes('firewall') ? {} : FIREWALL_LEFT_OUT),
    ...(facets.includes('docker') ? {} : DOCKER_LEFT_OUT),
  };
}

/** Builds a section that this machine or user cannot read, or whose tool printed unexpected output. */
export function unreadableSection(why: string): Section {
  return { state: `unreadable: ${why}`, entries: {} };
}
