import type { ErrorRecord } from '../model/errors.ts';
import type { DefinitionHash, PlanId, RunId, StepId } from '../model/ids.ts';
import type { RunOptions } from '../model/journal-event.ts';
import type { JsonObject } from '../model/json.ts';
import type { RunPlace } from '../ports/place.ts';
import type { RuntimeName } from '../ports/runtime.ts';
import type { Dependencies } from './dependencies.ts';

/** The plan of a run: its steps, and the current state of the host. Planning touches nothing; secrets are redacted. */
export interface RunPlan {
  /** The id of the run; null in a dry run for which none was chosen. */
  readonly run: RunId | null;
  readonly workflow: string;
  readonly definitionHash: DefinitionHash;
  readonly runtime: RuntimeName;
  readonly input: JsonObject;
  readonly options: RunOptions;
  /** Null if the workflow has no steps. */
  readonly place: PlannedPlace | null;
  readonly steps: readonly PlanStep[];
}

/** The place where the run would be. */
export interface PlannedPlace extends RunPlace {
  /** The id of the Docker engine; null if the run uses none, or it could not be asked. */
  readonly engine: string | null;
}

export interface PlanStep extends Dependencies {
  readonly step: StepId;
  readonly stage: string;
  readonly kind: string;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string;
  readonly description: string;
  /** Whether it changes the host, undoes changes, or only reads. */
  readonly does: 'change' | 'undo' | 'read';
  /** The equivalent command lines. */
  readonly commands: readonly string[];
  /** Null unless the step changes the host and its input is known. */
  readonly observed: ObservedNow | null;
}

export const OBSERVED_STATES = ['absent', 'partial', 'ours', 'unchanged', 'foreign', 'unknown'] as const;

/** The state in which a change step finds the host now, as `Observation` defines it. */
export interface ObservedNow {
  readonly found: (typeof OBSERVED_STATES)[number];
  /** Null if the step runner names none. */
  readonly target: string | null;
  /** Why the step would fail, or its state is unknown; null otherwise. */
  readonly error: ErrorRecord | null;
}

/** A plan in the history. */
export interface SavedPlan extends RunPlan {
  readonly run: RunId;
  readonly id: PlanId;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A plan in the history, with the run that it was used for. */
export interface StoredPlan extends SavedPlan {
  /** Null if the plan is unused. */
  readonly usedBy: RunId | null;
}
