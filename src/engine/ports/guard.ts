import type { Owner } from '../model/identity/owner.ts';
import type { RunId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { StepRunner } from '../workflow/step.ts';
import type { RuntimeName } from './runtime.ts';

/** A guard that can watch runs from this process. */
export type GuardChoice =
  /** A unit of systemd, which the step runner creates from this input. */
  | { readonly type: 'unit'; readonly name: string; readonly input: JsonObject }
  /** A process; `reason`: why it is not a unit, and what it does not cover. */
  | { readonly type: 'process'; readonly reason: string };

export interface GuardedRun {
  readonly runtime: RuntimeName;
  /** The file of its workflow, if it was started with a file. */
  readonly workflowFile: string | null;
}

/** The guards of runs that have to be confirmed, and the login sessions from which people confirm. */
export interface GuardPort {
  /** Creates and removes units of systemd that are guards. */
  readonly runner: StepRunner;
  choose(run: RunId, guarded: GuardedRun): GuardChoice;
  /** Starts a guard in a session of its own, and resolves once it has loaded all that it needs. @throws WfError E_GUARD */
  startProcess(run: RunId, guarded: GuardedRun): Promise<Owner>;
  /** Returns the newest login session of this machine; null if the kernel knows none. */
  newestSession(): number | null;
}
