import type { Change, Difference } from '../change.ts';
import type { RunId } from '../ids.ts';
import type { JsonObject } from '../json.ts';

/** The normalised state of the host's network and containers at one moment. Its shape is the port's own. */
export type Fingerprint = JsonObject;

export interface FingerprintPort {
  /** Samples until two samples in a row are equal. @throws WfError E_HOST_STATE_UNKNOWN when they never are, or a read failed. */
  take(): Promise<Fingerprint>;
  /** All differences from `before` to `after`, each attributed. Pure. */
  compare(before: Fingerprint, after: Fingerprint, run: RunId, ledger: readonly Change[]): readonly Difference[];
}
