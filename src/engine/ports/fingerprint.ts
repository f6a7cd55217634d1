import type { Change, Difference, NotCompared } from '../model/change.ts';
import type { RunId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { Facet } from '../workflow/facets.ts';

/** The normalised state of the host's network and containers at one moment. Its shape is the port's own. */
export type Fingerprint = JsonObject;

/** The run whose host is compared. */
export interface ComparedRun {
  readonly run: RunId;
  readonly changes: readonly Change[];
  /** Those of its changes whose steps may have altered more than they recorded, in these facets. */
  readonly suspects: readonly Change[];
  readonly arbitrary: readonly Facet[];
  /** Changes of other runs of this history that were under way at the same time; asked for only when something is unexplained. */
  others(): readonly { readonly run: RunId; readonly changes: readonly Change[] }[];
  /** Whether the machine has not been restarted since the earlier fingerprint. */
  readonly sameBoot: boolean;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  readonly notCompared: readonly NotCompared[];
}

export interface FingerprintPort {
  /**
   * Samples these facets until two samples in a row are equal. On a host that never comes to rest, the fingerprint names what
   * kept changing. Callers that ask at the same moment share samples, which all begin after they have asked.
   * @throws WfError where the host cannot be reached
   */
  take(facets: readonly Facet[]): Promise<Fingerprint>;
  /**
   * The same facets as those of `before`. On a host that the run has for itself one sample is enough if it equals `before`.
   * @param isWatched goes on sampling for some seconds: only so does it learn what changes now and then
   */
  takeLike(before: Fingerprint, isWatched: boolean): Promise<Fingerprint>;
  /**
   * All differences from `before` to `after`, each attributed. Pure.
   * @throws WfError E_HOST_STATE_UNKNOWN where they are of two network namespaces or two Docker engines
   */
  compare(before: Fingerprint, after: Fingerprint, run: ComparedRun): Comparison;
}
