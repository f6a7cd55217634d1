import type { Change, Difference } from '../change.ts';
import type { RunId } from '../ids.ts';
import type { JsonObject } from '../json.ts';

/** The normalised state of the host's network and containers at one moment. Its shape is the port's own. */
export type Fingerprint = JsonObject;

export interface FingerprintPort {
  /**
   * Samples until two samples in a row are equal. On a host that the run has for itself one is enough, where it is as expected.
   * @param expected what it should be; anything where it is not given
   * @throws WfError E_HOST_STATE_UNKNOWN when two in a row never are equal, or a read failed.
   */
  take(expected?: Fingerprint): Promise<Fingerprint>;
  /** All differences from `before` to `after`, each attributed. Pure. */
  compare(before: Fingerprint, after: Fingerprint, run: RunId, ledger: readonly Change[]): readonly Difference[];
}
