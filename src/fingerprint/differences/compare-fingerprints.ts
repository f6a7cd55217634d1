import type { NotCompared } from '../../engine/model/change.ts';
import { WfError } from '../../engine/model/errors.ts';
import { canonicalJson, isJsonObject, type Json } from '../../engine/model/json.ts';
import type { ComparedRun, Comparison, Fingerprint } from '../../engine/ports/fingerprint.ts';
import type { Attribution, Known } from '../attribution/attribution.ts';
import { ownerOf } from '../attribution/cleared.ts';
import { namedChanges } from '../attribution/ledger-identities.ts';
import { unexplainedUnless } from '../attribution/unexplained.ts';
import { type HostView, hostView } from '../sections/host-view.ts';
import { NOT_INSTALLED } from '../sections/read-tool.ts';
import { differencesBetween, type RawDifference } from './differences.ts';
import {
  LEFT_OUT,
  NO_ENGINE,
  type Place,
  READ,
  readFingerprint,
  SECTION_NAMES,
  type SectionName,
  type Sections,
} from './shape.ts';

/**
 * Compares two fingerprints and attributes each difference: to the run by its mark or ledger, to Docker for Docker's own
 * activity, else to somebody else; to nobody if a step of the run may have altered anything. Effects of a link that appeared
 * or disappeared (qdisc, settings, forwarding entries, kernel routes) are merged into it. Pure.
 * @throws WfError E_DATABASE_DAMAGED if one is not a fingerprint; E_HOST_STATE_UNKNOWN if they are of two places.
 */
export function compareFingerprints(before: Fingerprint, after: Fingerprint, compared: ComparedRun): Comparison {
  const [earlier, later] = [readFingerprint(before), readFingerprint(after)];
  if (earlier.place !== null && later.place !== null) {
    if (!compared.sameBoot) return { differences: [], notCompared: [OF_EARLIER_BOOT] };
    requireSamePlace(earlier.place, later.place);
  }
  return compareSections(earlier.sections, later.sections, compared, later.place?.namespace ?? null);
}

const OF_EARLIER_BOOT: NotCompared = {
  subject: 'network, firewall and containers of this host',
  reason: 'the machine was restarted after the first fingerprint of the run',
};

function compareSections(
  earlier: Sections,
  later: Sections,
  compared: ComparedRun,
  namespace: number | null,
): Comparison {
  const { run, changes } = compared;
  const views = { before: hostView(earlier), after: hostView(later) };
  const known: Known = { run, ...views, changes: namedChanges(changes), namespace };
  const raw = differencesBetween(earlier, later).filter((found) => !isImplied(found, known.before, known.after));
  const judge = unexplainedUnless(compared, raw, known);
  const attributed = raw.map((found) => ({ found, attribution: judge(found, ownerOf(found, known)) }));
  return {
    differences: attributed
      .filter(({ attribution }) => attribution.isKept === undefined)
      .filter(({ found, attribution }) => isComparable(found, attribution, earlier, later))
      .map(({ found, attribution }) => ({
        subject: subjectForPeople(found, known),
        difference: found.difference,
        before: shown(found.before),
        after: shown(found.after),
        ...attribution,
      })),
    notCompared: notCompared(earlier, later),
  };
}

/**
 * Returns whether a difference can be judged. If its subject was unreadable or kept changing before, only the run's own
 * differences count.
 */
function isComparable(found: RawDifference, { owner }: Attribution, earlier: Sections, later: Sections): boolean {
  if (owner === 'run') return true;
  const [before, after] = [earlier[found.section], later[found.section]];
  if (before.state !== READ && before.state !== NO_ENGINE) return false;
  const changing = [...(before.changing ?? []), ...(after.changing ?? [])];
  return !changing.includes(found.entry);
}

/**
 * Returns the sections that were not compared, except those of a missing tool: `wf doctor` reports it, and the run had no such tool
 * either.
 */
function notCompared(earlier: Sections, later: Sections): readonly NotCompared[] {
  return SECTION_NAMES.flatMap((name): readonly NotCompared[] => {
    const [before, after] = [earlier[name], later[name]];
    if (before.state === after.state && before.state.endsWith(NOT_INSTALLED)) return [];
    const known = [READ, NO_ENGINE, LEFT_OUT];
    if (!known.includes(before.state)) return [{ subject: name, reason: before.state }];
    const changing = new Set([...(before.changing ?? []), ...(after.changing ?? [])]);
    return [...changing].map((subject) => ({ subject, reason: 'it kept changing' }));
  });
}

/** Checks that both fingerprints are of one place. @throws WfError E_HOST_STATE_UNKNOWN */
function requireSamePlace(before: Place, after: Place): void {
  if (before.namespace !== after.namespace) {
    throw new WfError(
      'E_HOST_STATE_UNKNOWN',
      `the run began in network namespace net:[${before.namespace}], and wf is in net:[${after.namespace}]`,
      {
        hint: `Run wf where the run began: find a process of that namespace with \`lsns --type net\`, and enter it with \`nsenter --net --target PID wf ...\`.`,
      },
    );
  }
  if (before.engine !== null && after.engine !== null && before.engine !== after.engine) {
    throw new WfError(
      'E_HOST_STATE_UNKNOWN',
      `the run began with Docker engine ${before.engine}, and wf reaches ${after.engine}`,
      { hint: 'Set DOCKER_HOST, or the context of the docker client, to the value it had when the run started.' },
    );
  }
}

/** Sections whose entries appear and disappear with their link. */
const GOES_WITH_LINK: ReadonlySet<SectionName> = new Set(['forwarding', 'qdiscs', 'sysctls']);

function isImplied({ section, difference, before, after }: RawDifference, earlier: HostView, later: HostView): boolean {
  const entry = after ?? before;
  if (!isJsonObject(entry)) return false;
  const { dev, protocol } = entry;
  const kernelRoute = section.startsWith('routes') && protocol === 'kernel';
  if (typeof dev !== 'string' || !(kernelRoute || GOES_WITH_LINK.has(section))) return false;
  const [was, is] = [earlier.links.has(dev), later.links.has(dev)];
  return difference === 'added' ? !was && is : was && !is;
}

/** Returns the subject with the name of a Docker object in place of the full id that fingerprints store. */
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
