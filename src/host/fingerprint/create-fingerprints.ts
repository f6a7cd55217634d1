import { WfError } from '../../engine/errors.ts';
import { canonicalJson } from '../../engine/json.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { CommandPort } from '../../engine/ports/command.ts';
import type { DockerPort } from '../../engine/ports/docker.ts';
import type { FingerprintPort } from '../../engine/ports/fingerprint.ts';
import { pause } from '../clock.ts';
import { compareFingerprints } from './compare.ts';
import { differencesBetween } from './differences.ts';
import { type ReadSettings, readMachineSettings } from './host-settings.ts';
import { takeSample } from './sample.ts';
import { asFingerprint, type Sections } from './shape.ts';

interface FingerprintParts {
  readonly command: CommandPort;
  readonly docker: DockerPort;
  readonly clock: Clock;
}

interface SampledParts extends FingerprintParts {
  readonly settings: ReadSettings;
}

/** Long enough for a change that is under way to show between two samples that take some 50 ms each. */
const PAUSE_MS = 15;
/** What Docker does after a call has answered is over within tenths of a second. */
const LIMIT_MS = 5_000;
/** So many of the subjects that keep changing are named. */
const NAMED_SUBJECTS = 5;

/** Fingerprints of the machine, and of the engine that the Docker port leads to. */
export function createFingerprints(parts: FingerprintParts): FingerprintPort {
  return {
    take: async () => asFingerprint(await settledSample({ ...parts, settings: readMachineSettings })),
    compare: compareFingerprints,
  };
}

/** Fingerprints of a host that nobody works on but the run itself. */
export function createPrivateFingerprints(parts: FingerprintParts, settings: ReadSettings): FingerprintPort {
  return {
    async take(expected) {
      const first = asFingerprint(await takeSample({ ...parts, settings }));
      if (expected === undefined || canonicalJson(first) === canonicalJson(expected)) return first;
      // What the kernel takes apart in the background may not be over yet.
      return asFingerprint(await settledSample({ ...parts, settings }));
    },
    compare: compareFingerprints,
  };
}

async function settledSample(parts: SampledParts): Promise<Sections> {
  const deadline = parts.clock.now() + LIMIT_MS;
  let previous = await takeSample(parts);
  for (;;) {
    await pause(parts.clock, PAUSE_MS);
    const next = await takeSample(parts);
    if (canonicalJson(asFingerprint(next)) === canonicalJson(asFingerprint(previous))) return next;
    if (parts.clock.now() >= deadline) throw restless(previous, next);
    previous = next;
  }
}

function restless(previous: Sections, next: Sections): WfError {
  const subjects = [...new Set(differencesBetween(previous, next).map((difference) => difference.subject))];
  const named = subjects.slice(0, NAMED_SUBJECTS).join(', ');
  const more = subjects.length > NAMED_SUBJECTS ? ` and ${subjects.length - NAMED_SUBJECTS} more` : '';
  return new WfError(
    'E_HOST_STATE_UNKNOWN',
    `the network of this host did not come to rest within ${LIMIT_MS / 1000} s: ${named}${more} kept changing`,
    { hint: 'Find out what keeps changing it, wait until it is done, and try again.' },
  );
}
