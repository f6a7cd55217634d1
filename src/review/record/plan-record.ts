import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { ConfirmRule } from '../../engine/model/journal-event.ts';
import type { JsonObject } from '../../engine/model/json.ts';
import type { ObservedNow, PlannedPlace, RunPlan, SavedPlan, StoredPlan } from '../../engine/plan/saved-plan.ts';
import { isoTime } from './iso-time.ts';

/** A plan, as `wf start --dry-run`, `wf start --plan` and `wf plans` print it with `--json`: exactly these members. */
export interface PlanRecord {
  /** Null in a dry run. */
  readonly id: string | null;
  readonly createdAt: string | null;
  readonly workflow: string;
  /** The path of the workflow file; null if the workflow is found by its name. */
  readonly file: string | null;
  readonly definitionHash: string;
  /** The id of the run that it starts; null in a dry run without `--id`. */
  readonly run: string | null;
  /** The run that it has started; null if it is unused. */
  readonly usedBy: string | null;
  readonly runtime: string;
  /** Has placeholders for secret inputs. */
  readonly input: JsonObject;
  readonly onFailure: 'rollback' | 'keep';
  readonly pauseAfter: string | null;
  /** Null if the run need not be confirmed. */
  readonly confirm: ConfirmRule | null;
  /** `auto` if an agent resumes the run when its process is gone. */
  readonly resume: 'auto' | null;
  /** The command that is notified when the run needs people; null if there is none. */
  readonly notify: readonly string[] | null;
  /** The source of each secret input; null for one that was typed. */
  readonly secrets: Readonly<Record<string, string | null>>;
  /** Null if the workflow has no steps. */
  readonly place: PlannedPlace | null;
  readonly steps: readonly PlanStepRecord[];
}

export interface PlanStepRecord {
  readonly step: string;
  readonly stage: string;
  readonly kind: string;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string;
  /** Whether it changes the host, or undoes changes. */
  readonly changes: boolean;
  readonly commands: readonly string[];
  /** The invocations on whose outputs its input depends. */
  readonly inputFrom: readonly string[];
  /** The invocations that lead to it with some of their outputs only. */
  readonly onlyIf: readonly string[];
  /** Null unless it changes the host and its input is known. */
  readonly observed: {
    readonly found: ObservedNow['found'];
    readonly target: string | null;
    readonly error: ErrorRecord | null;
  } | null;
}

/** Returns the record of a plan, saved or not. */
export function planRecord(plan: RunPlan | SavedPlan | StoredPlan): PlanRecord {
  const {
    onFailure,
    pauseAfter,
    file = null,
    confirm = null,
    resume = null,
    notify = null,
    secrets = {},
  } = plan.options;
  return {
    id: 'id' in plan ? plan.id : null,
    createdAt: 'createdAt' in plan ? isoTime(plan.createdAt) : null,
    workflow: plan.workflow,
    file,
    definitionHash: plan.definitionHash,
    run: plan.run,
    usedBy: 'usedBy' in plan ? plan.usedBy : null,
    runtime: plan.runtime,
    input: plan.input,
    onFailure,
    pauseAfter,
    confirm,
    resume,
    notify,
    secrets,
    place: plan.place,
    steps: plan.steps.map(({ step, stage, kind, host, does, commands, inputFrom, onlyIf, observed }) => ({
      step,
      stage,
      kind,
      ...(host === undefined ? {} : { host }),
      changes: does !== 'read',
      commands,
      inputFrom,
      onlyIf,
      observed,
    })),
  };
}
