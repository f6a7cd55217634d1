import type { ComparedRun } from '../../engine/ports/fingerprint.ts';
import type { RawDifference } from '../differences/differences.ts';
import { FACET_OF_SECTION } from '../differences/shape.ts';
import { attribute } from './attribute.ts';
import type { Attribution, Known } from './attribution.ts';
import { namedChanges } from './ledger-identities.ts';

/** Docker's names for the host ends of its containers' veth pairs. */
const DOCKER_VETH = /^link veth[0-9a-f]{7}$/;

type Judge = (found: RawDifference, attribution: Attribution) => Attribution;

/**
 * Changes the attribution to nobody, or to Docker's own activity, if a step of the run may have altered anything. A change kept
 * by design, or one of another run, explains the difference. Otherwise it is unexplained, except for Docker's reaction to changes of its
 * objects.
 */
export function unexplainedUnless(
  { suspects, arbitrary, others }: ComparedRun,
  all: readonly RawDifference[],
  known: Known,
): Judge {
  const [suspect] = suspects;
  if (suspect === undefined) return (_found, attribution) => asOthers(attribution);
  const kept = suspects.find(({ status }) => status === 'kept');
  const dockerActed = all.some(({ section }) => section === 'networks' || section === 'containers');
  let asOthersSee: readonly Known[] | undefined;
  const ofAnotherRun = (found: RawDifference) => {
    asOthersSee ??= others().map(({ run, changes }) => ({ ...known, run, changes: namedChanges(changes) }));
    return asOthersSee.find((other) => attribute(found, other).owner === 'run')?.run;
  };
  return (found, attribution) => {
    const byDocker = attribution.owner === 'docker' && (dockerActed || DOCKER_VETH.test(found.subject));
    if (!arbitrary.includes(FACET_OF_SECTION[found.section])) return asOthers(attribution);
    if (byDocker || attribution.owner === 'run' || attribution.owner === 'other') return attribution;
    if (kept !== undefined) {
      return { owner: 'other', reason: `kept by design: it may be of change ${kept.seq} (${kept.target})` };
    }
    const another = ofAnotherRun(found);
    if (another !== undefined) return { owner: 'other', reason: `run ${another}` };
    return {
      owner: 'unknown',
      reason: `it has no mark and no record, and step ${suspect.step} may have altered anything`,
    };
  };
}

function asOthers(attribution: Attribution): Attribution {
  return attribution.owner === 'unknown' ? { ...attribution, owner: 'other' } : attribution;
}
