import type { ComparedRun } from '../../engine/ports/fingerprint.ts';
import type { Attribution } from './attribution.ts';
import type { RawDifference } from './differences.ts';
import { FACET_OF_SECTION } from './shape.ts';

/** Docker's own names for the host's ends of the pairs that lead into its containers. */
const DOCKER_VETH = /^link veth[0-9a-f]{7}$/;

type Judge = (found: RawDifference, attribution: Attribution) => Attribution;

/**
 * What becomes of an attribution to nobody, or to what Docker does by itself, when a step of the run may have altered anything. A
 * change that is kept by design accounts for it; else it is unexplained, except for what Docker does when its objects change.
 */
export function unexplainedUnless({ suspects, arbitrary }: ComparedRun, all: readonly RawDifference[]): Judge {
  const [suspect] = suspects;
  if (suspect === undefined) return (_found, attribution) => asOthers(attribution);
  const kept = suspects.find(({ status }) => status === 'kept');
  const dockerActed = all.some(({ section }) => section === 'networks' || section === 'containers');
  return (found, attribution) => {
    const byDocker = attribution.owner === 'docker' && (dockerActed || DOCKER_VETH.test(found.subject));
    if (!arbitrary.includes(FACET_OF_SECTION[found.section])) return asOthers(attribution);
    if (byDocker || attribution.owner === 'run' || attribution.owner === 'other') return attribution;
    if (kept !== undefined) {
      return { owner: 'other', reason: `kept by design: it may be of change ${kept.seq} (${kept.target})` };
    }
    return {
      owner: 'unknown',
      reason: `nothing marks or records whose it is, and step ${suspect.step} may have altered anything`,
    };
  };
}

function asOthers(attribution: Attribution): Attribution {
  return attribution.owner === 'unknown' ? { ...attribution, owner: 'other' } : attribution;
}
