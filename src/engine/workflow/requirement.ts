import type { WfError } from '../model/errors.ts';
import type { HostPorts } from './step.ts';

/** What a look at a requirement found. */
export type RequirementResult =
  | { readonly met: true; readonly found: string }
  | { readonly met: false; readonly error: WfError };

/**
 * One thing that must hold before a run may touch the host. Looking at it touches nothing. `wf doctor` and the
 * preflight of `wf start` look at the same values.
 */
export interface Requirement {
  /** E.g. `docker engine`, `tool ip`, `container name AppDev`. */
  readonly title: string;
  /** What wf needs it for. */
  readonly purpose: string;
  /**
   * A resource that one run at a time may use, e.g. `container AppDev`; null where nothing is used up.
   * Claimed in the history in one transaction with the run's creation, so that of two runs that start at the same
   * moment one is refused before it touches the host.
   */
  readonly claim: string | null;
  look(host: HostPorts): Promise<RequirementResult>;
}
