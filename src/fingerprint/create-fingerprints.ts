import { WfError } from '../engine/model/errors.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { CommandPort } from '../engine/ports/command.ts';
import type { DockerPort } from '../engine/ports/docker.ts';
import type { FingerprintPort } from '../engine/ports/fingerprint.ts';
import type { HostNamespacePort } from '../engine/ports/host-namespace.ts';
import type { Facet } from '../engine/workflow/facets.ts';
import { compareFingerprints } from './differences/compare-fingerprints.ts';
import { asFingerprint, facetsIn, type Place, readFingerprint, type Sections } from './differences/shape.ts';
import { takeSample } from './sample.ts';
import { type ReadSettings, readMachineSettings } from './sections/settings/host-settings.ts';
import { isUnchanged, settledSample } from './settle.ts';
import { type Settle, shareSamples } from './shared-samples.ts';

interface FingerprintPorts {
  readonly command: CommandPort;
  readonly docker: DockerPort;
  readonly clock: Clock;
}

interface MachinePorts extends FingerprintPorts {
  readonly namespace: HostNamespacePort;
}

/**
 * Creates the fingerprint port of a host that others can change, and of the engine behind the Docker port.
 * @param settings reads the settings of its network namespace; by default that of wf
 */
export function createFingerprints(ports: MachinePorts, settings: ReadSettings = readMachineSettings): FingerprintPort {
  const settle = shareSamples(settleOn(ports, settings));
  // Without facets it reads nothing, and the place does not matter.
  const place = async (facets: readonly Facet[]) => (facets.length === 0 ? null : await placeOf(ports, facets));
  return {
    async take(facets) {
      return asFingerprint(await settle(facets, false, never), await place(facets));
    },
    async takeLike(before, isWatched) {
      const { sections } = readFingerprint(before);
      const facets = facetsIn(sections);
      // An object that appears and disappears may be absent from the first sample.
      const isExpected = isWatched ? never : (first: Sections) => isUnchanged(sections, first);
      return asFingerprint(await settle(facets, isWatched, isExpected), await place(facets));
    },
    compare: compareFingerprints,
  };
}

/** Creates the fingerprint port of a private host, which only its run uses. */
export function createPrivateFingerprints(ports: FingerprintPorts, settings: ReadSettings): FingerprintPort {
  const settle = settleOn(ports, settings);
  return {
    async take(facets) {
      return asFingerprint(await settle(facets, false, () => true), null);
    },
    async takeLike(before, isWatched) {
      const { sections } = readFingerprint(before);
      // If not, the kernel may still be removing links in the background.
      const isExpected = (first: Sections) => isUnchanged(sections, first);
      return asFingerprint(await settle(facetsIn(sections), isWatched, isExpected), null);
    },
    compare: compareFingerprints,
  };
}

const never = () => false;

function settleOn(ports: FingerprintPorts, settings: ReadSettings): Settle {
  return (facets, isWatched, isExpected) =>
    settledSample(() => takeSample({ ...ports, settings }, facets), ports.clock, isWatched, isExpected);
}

async function placeOf({ docker, namespace }: MachinePorts, facets: readonly Facet[]): Promise<Place> {
  return {
    namespace: namespace.own().inode,
    engine: facets.includes('docker') ? await engineIdOf(docker) : null,
  };
}

/** Returns the engine's id; null if no engine answers, which its sections explain. */
async function engineIdOf(docker: DockerPort): Promise<string | null> {
  try {
    return await docker.engineId();
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    return null;
  }
}
