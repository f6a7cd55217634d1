import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';
import type { Json } from '../../engine/json.ts';
import type { Fingerprint } from '../../engine/ports/fingerprint.ts';

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

/** The state of a section that was read. */
export const READ = 'read';
/** The state of Docker's sections where no engine answers: there is nothing of it that could differ. */
export const NO_ENGINE = 'no engine';

/** Attributes by subject, e.g. `link docker0`, `route default via 10.0.0.1 dev eth0 table main`. */
export type Entries = Readonly<Record<string, Json>>;

export interface Section {
  /** `read`, `no engine`, or `unreadable: why`. */
  readonly state: string;
  readonly entries: Entries;
}

export type Sections = Readonly<Record<SectionName, Section>>;

/** Named in each fingerprint, so that a reader knows what a comparison cannot show. */
const LEFT_OUT = [
  'docker images',
  'docker volumes',
  'traffic control classes and filters',
  'neighbours and forwarding entries that were learned',
  'what is inside other network namespaces',
];

const sectionSchema = z.object({ state: z.string(), entries: z.record(z.string(), z.json()) });
const fingerprintSchema = z.object({ version: z.literal(1), sections: z.record(z.enum(SECTION_NAMES), sectionSchema) });

/** Sections as the fingerprint that is kept and compared. */
export function asFingerprint(sections: Sections): Fingerprint {
  const plain: Record<string, Json> = {};
  for (const name of SECTION_NAMES) plain[name] = { state: sections[name].state, entries: sections[name].entries };
  return { version: 1, leftOut: LEFT_OUT, sections: plain };
}

/** The sections of a fingerprint that was kept. @throws WfError E_DATABASE_DAMAGED when it is none of this shape. */
export function sectionsOf(fingerprint: Fingerprint): Sections {
  const parsed = fingerprintSchema.safeParse(fingerprint);
  if (parsed.success) return parsed.data.sections;
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

/** A section that cannot be read on this machine or by this user, which is known and said. */
export function unreadableSection(why: string): Section {
  return { state: `unreadable: ${why}`, entries: {} };
}
