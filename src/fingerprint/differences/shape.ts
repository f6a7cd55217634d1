import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';
import type { Fingerprint } from '../../engine/ports/fingerprint.ts';
import { FACETS, type Facet } from '../../engine/workflow/facets.ts';

/** What a fingerprint consists of; a section is read whole or not at all. */
export const SECTION_NAMES = [
  'links',
  'addresses',
  'neighbours',
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
] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export const FACET_OF_SECTION: Readonly<Record<SectionName, Facet>> = {
  links: 'network',
  addresses: 'network',
  neighbours: 'network',
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
};

/** The state of a section that was read. */
export const READ = 'read';
/** The state of Docker's sections where no engine answers: there is nothing of it that could differ. */
export const NO_ENGINE = 'no engine';
/** The state of a section of a facet that no step of the workflow can alter. */
export const LEFT_OUT = 'left out: no step of the workflow alters it';

/** Attributes by subject, e.g. `link docker0`, `route default via 10.0.0.1 dev eth0 table main`. */
export type Entries = Readonly<Record<string, Json>>;

export interface Section {
  /** `read`, `no engine`, `left out: why` or `unreadable: why`. */
  readonly state: string;
  readonly entries: Entries;
  /** Subjects that kept changing while the section was sampled: its entries have them as they were last, if at all. */
  readonly changing?: readonly string[] | undefined;
}

export type Sections = Readonly<Record<SectionName, Section>>;

const OMITTED: Section = { state: LEFT_OUT, entries: {} };

export const NETWORK_LEFT_OUT = {
  links: OMITTED,
  addresses: OMITTED,
  neighbours: OMITTED,
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
export const DOCKER_LEFT_OUT = { networks: OMITTED, containers: OMITTED } as const;

/** The network namespace and the Docker engine that a fingerprint is of; null where there is no engine, or none was asked. */
export interface Place {
  readonly namespace: number;
  readonly engine: string | null;
}

/** Named in each fingerprint, so that a reader knows what a comparison cannot show. */
const NEVER_READ = [
  'docker images',
  'docker volumes',
  'traffic control classes and filters',
  'neighbours and forwarding entries that were learned',
  'what is inside other network namespaces',
];

const sectionSchema = z.object({
  state: z.string(),
  entries: z.record(z.string(), z.json()),
  changing: z.array(z.string()).optional(),
});
const fingerprintSchema = z.object({
  version: z.literal(1),
  /** Null for a host that belongs to the run, which is the same wherever wf is. */
  place: z.object({ namespace: z.number(), engine: z.string().nullable() }).nullable().default(null),
  sections: z.record(z.enum(SECTION_NAMES), sectionSchema),
});

/** Sections as the fingerprint that is kept and compared. */
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

/** The sections and the place of a fingerprint that was kept. @throws WfError E_DATABASE_DAMAGED when it is none of this shape. */
export function readFingerprint(fingerprint: Fingerprint): {
  readonly sections: Sections;
  readonly place: Place | null;
} {
  const parsed = fingerprintSchema.safeParse(fingerprint);
  if (parsed.success) return parsed.data;
  throw new WfError(
    'E_DATABASE_DAMAGED',
    `a kept fingerprint cannot be read: ${z.prettifyError(parsed.error).split('\n')[0] ?? 'it has another shape'}`,
    { hint: 'It was written by another version of wf, or damaged: use the version that started the run.' },
  );
}

/** A section that was read. A subject that occurs twice (two routes that differ in nothing else) is numbered. */
export function readSection(found: Iterable<readonly [subject: string, attributes: Json]>): Section {
  const entries: Record<string, Json> = {};
  for (const [subject, attributes] of found) {
    let key = subject;
    for (let occurrence = 2; Object.hasOwn(entries, key); occurrence += 1) key = `${subject} (${occurrence})`;
    entries[key] = attributes;
  }
  return { state: READ, entries };
}

/** The facets that were not left out of these sections. */
export function facetsIn(sections: Sections): readonly Facet[] {
  const firstOf = { network: sections.links, firewall: sections.nftables, docker: sections.networks };
  return FACETS.filter((facet) => firstOf[facet].state !== LEFT_OUT);
}

/** The same sections without those of other facets. */
export function limitedTo(facets: readonly Facet[], sections: Sections): Sections {
  return {
    ...sections,
    ...(facets.includes('network') ? {} : NETWORK_LEFT_OUT),
    ...(facets.includes('firewall') ? {} : FIREWALL_LEFT_OUT),
    ...(facets.includes('docker') ? {} : DOCKER_LEFT_OUT),
  };
}

/** A section that cannot be read on this machine or by this user, or whose tool answered oddly. */
export function unreadableSection(why: string): Section {
  return { state: `unreadable: ${why}`, entries: {} };
}
