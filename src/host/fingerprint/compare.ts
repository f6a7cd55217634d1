import type { Change, Difference } from '../../engine/change.ts';
import type { RunId } from '../../engine/ids.ts';
import { canonicalJson, isJsonObject, type Json } from '../../engine/json.ts';
import type { Fingerprint } from '../../engine/ports/fingerprint.ts';
import { attribute } from './attribute.ts';
import type { Known } from './attribution.ts';
import { differencesBetween, type RawDifference } from './differences.ts';
import { type HostView, hostView } from './host-view.ts';
import { namedChanges } from './ledger-identities.ts';
import { NO_ENGINE, READ, sectionsOf } from './shape.ts';

/**
 * All differences from `before` to `after`, each attributed: to the run by its mark or by what its ledger names, to Docker
 * for what Docker does by itself, else to somebody else. Pure.
 * What only follows from a link that came or went (its qdisc, its settings, the routes that the kernel makes) is not told apart.
 * @throws WfError E_DATABASE_DAMAGED when one of them is no fingerprint.
 */
export function compareFingerprints(
  before: Fingerprint,
  after: Fingerprint,
  run: RunId,
  ledger: readonly Change[],
): readonly Difference[] {
  const [earlier, later] = [sectionsOf(before), sectionsOf(after)];
  const known: Known = { run, before: hostView(earlier), after: hostView(later), changes: namedChanges(ledger) };
  const followsFromLink = (found: RawDifference) => isImplied(found, known.before, known.after);
  const readBefore = (found: RawDifference) => [READ, NO_ENGINE].includes(earlier[found.section].state);
  return differencesBetween(earlier, later)
    .filter((found) => !followsFromLink(found))
    .map((found) => ({ found, attribution: attribute(found, known) }))
    .filter(({ found, attribution }) => {
      // Of what could not be read before, nobody knows whether it is new, unless it is marked.
      return found.about.type === 'section' || readBefore(found) || attribution.owner === 'run';
    })
    .map(({ found, attribution }) => ({
      subject: subjectForPeople(found, known),
      difference: found.difference,
      before: shown(found.before),
      after: shown(found.after),
      ...attribution,
    }));
}

function isImplied({ section, difference, before, after }: RawDifference, earlier: HostView, later: HostView): boolean {
  const entry = after ?? before;
  if (!isJsonObject(entry)) return false;
  const { dev, protocol } = entry;
  const kernelRoute = section.startsWith('routes') && protocol === 'kernel';
  if (typeof dev !== 'string' || !(kernelRoute || section === 'qdiscs' || section === 'sysctls')) return false;
  const [was, is] = [earlier.links.has(dev), later.links.has(dev)];
  return difference === 'added' ? !was && is : was && !is;
}

/** Docker objects are kept by their full ids, and shown by name. */
function subjectForPeople({ section, subject }: RawDifference, { before, after }: Known): string {
  if (section !== 'networks' && section !== 'containers') return subject;
  const [kind = '', id = ''] = subject.split(' ');
  const object = after[section].get(id) ?? before[section].get(id);
  return object === undefined ? subject : `${kind} ${object.name} (${id.slice(0, 12)})`;
}

function shown(value: Json): string | null {
  if (value === null) return null;
  return typeof value === 'string' ? value : canonicalJson(value);
}
