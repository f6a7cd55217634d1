import type { WfError } from '../model/errors.ts';
import type { HostPorts } from './step.ts';

/** The result of checking a requirement. */
export type RequirementResult =
  | { readonly met: true; readonly found: string }
  | { readonly met: false; readonly error: WfError };

/**
 * A condition that must hold before a run may touch the host. Checking it touches nothing. `wf doctor` and the preflight of `wf start`
 * check the same conditions.
 */
export interface Requirement {
  /** E.g. `docker engine`, `tool ip`, `container name AppDev`. */
  readonly title: string;
  /** Why wf needs it. */
  readonly purpose: string;
  /**
   * A resource that only one run at a time may use, e.g. `container AppDev`; null if there is none. The history claims it in the
   * transaction that creates the run: if two runs start at the same moment, one is refused before it touches the host.
   */
  readonly claim: string | null;
  /** The named host on which it must hold; absent for the run's own. */
  readonly host?: string;
  check(host: HostPorts): Promise<RequirementResult>;
}
