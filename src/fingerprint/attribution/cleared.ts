import { z } from 'zod';
import type { Change } from '../../engine/model/change.ts';
import { canonicalJson, isJsonObject, type Json } from '../../engine/model/json.ts';
import type { RawDifference } from '../differences/differences.ts';
import { FACET_OF_SECTION, type SectionName } from '../differences/shape.ts';
import { attribute } from './attribute.ts';
import { type Attribution, type Known, SOMEBODY } from './attribution.ts';
import { broaderSettings } from './broader-settings.ts';
import type { NamedChange } from './ledger-identities.ts';

/** Attributes of a subject as a change found them; undefined if the change does not touch that subject. */
type Found = (subject: string) => Readonly<Record<string, Json>> | undefined;

const setting = z.object({
  name: z.string(),
  previous: z.string(),
  overwritten: z.array(z.object({ name: z.string(), value: z.string() })),
});
const link = z.object({ link: z.string() });
const inBridge = link.extend({ previousMaster: z.string().nullable() });
const withMtu = link.extend({ previous: z.number() });

/** Records, by kind, of changes that alter objects of others and restore them. */
const FOUND: Readonly<Record<string, z.ZodType<Found>>> = {
  'sysctl.set': setting.transform(({ name, previous, overwritten }): Found => {
    return (subject) => {
      const other = subject.replace(/^sysctl /, '');
      const follows = /\.(ip_forward|forwarding)$/.test(other) && broaderSettings(other).includes(name);
      const value =
        overwritten.find((one) => one.name === other)?.value ?? (other === name || follows ? previous : undefined);
      return value === undefined ? undefined : { value: value.trim() };
    };
  }),
  'net.mtu': withMtu.transform((record) => ofLink(record.link, { mtu: record.previous })),
  'net.up': link.transform((record) => ofLink(record.link, { up: false })),
  'net.enslave': inBridge.transform((record) => ofLink(record.link, { master: record.previousMaster })),
};

function ofLink(name: string, attributes: Readonly<Record<string, Json>>): Found {
  return (subject) => (subject === `link ${name}` ? attributes : undefined);
}

const elsewhere = z
  .object({ place: z.object({ type: z.literal('namespace'), namespace: z.object({ inode: z.number() }) }) })
  .transform(({ place }) => place.namespace.inode);

/** Returns the owner of a difference: a change that names its subject, and cannot have caused it, does not count. Pure. */
export function ownerOf(difference: RawDifference, known: Known): Attribution {
  const cleared = known.changes.flatMap((named) => {
    const reason = whyCleared(named.change, difference, known);
    return reason === undefined ? [] : [{ named, reason }];
  });
  const others = known.changes.filter((change) => !cleared.some(({ named }) => named === change));
  const attribution = attribute(difference, { ...known, changes: others });
  if (attribution !== SOMEBODY) return attribution;
  const alone = ({ named }: { readonly named: NamedChange }) => attribute(difference, { ...known, changes: [named] });
  const first = cleared.find((one) => alone(one) !== SOMEBODY);
  if (first === undefined) return attribution;
  const { seq, target, step } = first.named.change;
  return { ...SOMEBODY, reason: `change ${seq} (${target}) of step ${step} ${first.reason}` };
}

function whyCleared(change: Change, difference: RawDifference, { namespace }: Known): string | undefined {
  if (isAsFound(change, difference)) return 'found it so already, and restored it';
  if (namespace === null || !isOfOneNamespace(difference.section)) return undefined;
  const inode = elsewhere.safeParse(change.record).data;
  return inode === undefined || inode === namespace ? undefined : 'acted in another network namespace';
}

/** Returns whether a section lists objects of a network namespace. Names of namespaces belong to the machine. */
function isOfOneNamespace(section: SectionName): boolean {
  return FACET_OF_SECTION[section] !== 'docker' && section !== 'namespaces';
}

/**
 * Returns whether the subject has the state that a change found and restored: then somebody else, or another change of the run, altered
 * it between the fingerprint before the run and that change.
 */
function isAsFound({ kind, status, record }: Change, { subject, before, after }: RawDifference): boolean {
  if (status !== 'reverted' && status !== 'gone') return false;
  if (!isJsonObject(before) || !isJsonObject(after)) return false;
  const found = FOUND[kind]?.safeParse(record).data?.(subject);
  if (found === undefined) return false;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].every((name) => isSame(before[name], after[name]) || isSame(found[name], after[name]));
}

function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return one !== undefined && other !== undefined && canonicalJson(one) === canonicalJson(other);
}
