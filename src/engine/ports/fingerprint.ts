import type { Change, Difference, NotCompared } from '../model/change.ts';
import type { RunId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { Facet } from '../workflow/facets.ts';

/** The normalised state of the host's network and containers at one moment. The port defines its shape. */
export type Fingerprint = JsonObject;

/** The run whose host is compared. */
export interface ComparedRun {
  readonly run: RunId;
  readonly changes: readonly Change[];
  /** The changes whose steps may have altered more than they recorded, in the facets `arbitrary`. */
  readonly suspects: readonly Change[];
  readonly arbitrary: readonly Facet[];
  /** Returns the changes of concurrent runs of this history; called only if a difference is unexplained. */
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
   * Samples these facets until two samples in a row are equal. On a host that keeps changing, the fingerprint names the changing objects.
   * Concurrent callers share samples that begin after their calls.
   * @throws WfError if the host cannot be reached
   */
  take(facets: readonly Facet[]): Promise<Fingerprint>;
  /**
   * Takes the facets of `before`. One sample is enough if it equals `before`.
   * @param isWatched keeps sampling for some seconds, to find objects that change now and then; a private host has none
   */
  takeLike(before: Fingerprint, isWatched: boolean): Promise<Fingerprint>;
  /**
   * Returns all differences from `before` to `after`, each with its owner. Pure.
   * @throws WfError E_HOST_STATE_UNKNOWN if they are of two network namespaces or two Docker engines
   */
  compare(before: Fingerprint, after: Fingerprint, run: ComparedRun): Comparison;
}
