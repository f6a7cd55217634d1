import { WfError } from '../engine/model/errors.ts';
import type { FingerprintPort } from '../engine/ports/fingerprint.ts';
import type { HostPorts } from '../engine/workflow/step.ts';

/** Creates the fingerprint port of the machine and its Docker engine. Loads its code lazily: a run without changes does not need it. */
export function machineFingerprints(ports: HostPorts): FingerprintPort {
  let loaded: FingerprintPort | undefined;
  const load = async () => {
    const { createFingerprints } = await import('../fingerprint/create-fingerprints.ts');
    loaded ??= createFingerprints(ports);
    return loaded;
  };
  return {
    take: async (facets) => (await load()).take(facets),
    takeLike: async (before, isWatched) => (await load()).takeLike(before, isWatched),
    compare(before, after, run) {
      if (loaded !== undefined) return loaded.compare(before, after, run);
      throw new WfError('E_INTERNAL', 'no fingerprint to compare', {
        hint: 'Report this defect of wf.',
      });
    },
  };
}
