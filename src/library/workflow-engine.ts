import type { AnyStateMachine } from 'xstate';
import type { z } from 'zod';
import type { RunObserver } from '../engine/engine.ts';
import type { MachineEvent } from '../engine/journal-event.ts';
import type { JsonObject } from '../engine/json.ts';
import type { RuntimeName } from '../engine/ports/runtime.ts';
import type { WorkflowDefinition } from '../engine/workflow.ts';
import type { RunRecord, RunSummary } from '../review/run-record.ts';
import type { Stopped } from './keep-advancing.ts';

/** A definition that the program has at hand, or the path of a workflow file, which is loaded as `wf start` loads it. */
export type WorkflowSource = WorkflowDefinition | string;

export interface OpenEngineOptions {
  /** Path of the history. The file (mode 0600) and its folder are made where they are absent. */
  readonly database: string;
  /** What is gone on with and rolled back by its name; what `start` is given as a definition need not be among them. */
  readonly workflows?: readonly WorkflowSource[];
}

export interface StartRunOptions {
  /** What becomes of the changes of a run that fails: they are undone where it is not said. */
  readonly onFailure?: 'rollback' | 'keep';
  /** What provides networks and containers; chosen as `wf start` chooses where it is not said. */
  readonly runtime?: RuntimeName;
  /** The stage after which the run is to pause. */
  readonly pauseAfter?: string | null;
  /** The id of the run: letters, digits, `_` and `-`, at most 63; made by wf where it is not given. */
  readonly id?: string;
  /** Told of each journal entry once it is on disk, and of progress. What it throws becomes a warning of the process, and alters no run. */
  readonly observer?: RunObserver;
}

export interface ResumeRunOptions {
  /** Goes on although the workflow is not as it was when the run was started; false where it is not said. */
  readonly acceptChanges?: boolean;
  readonly pauseAfter?: string | null;
  /** Values of the run's secret inputs, all of them: wf keeps none. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly observer?: RunObserver;
}

export interface RollBackRunOptions {
  /** Also undoes what a step runner keeps by design, such as a pulled image; false where it is not said. */
  readonly removeKept?: boolean;
  /** Values of the run's secret inputs: where one is missing, what needs it to be undone is not undone. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly observer?: RunObserver;
}

/** A run that this process advances. */
export interface AdvancedRun {
  readonly id: string;
  /**
   * Comes when the run has ended (with its output, or its error), pauses, waits for an event, or was interrupted. Rejects only where
   * the history can no longer be written, or another process has taken the run over.
   */
  readonly result: Promise<Stopped>;
  /** All that the history then holds of the run; read when it is first asked for. Comes and rejects as `result` does. */
  readonly record: Promise<RunRecord>;
  /**
   * Gives the machine an event from outside. Comes once the machine has taken the event and that is in the history, also of a run that
   * hibernates, which is resumed for it. Events are taken in the order in which they are sent.
   * @throws WfError E_EVENT_INVALID if it is not an object with a `type` of the program's own, and otherwise JSON; E_EVENT_UNEXPECTED,
   * with what the machine expects now in its message and `details.expected`; E_WORKFLOW_INVALID if the machine throws at it;
   * E_RUN_ENDED also while the run is rolled back; E_RUN_NOT_ADVANCED once `result` has come without an end; an error of the history.
   * Then the run is as it was.
   */
  send(event: MachineEvent): Promise<void>;
  /** Lets what is under way come to its outcome and starts nothing more; `signal` is the reason that is journaled. */
  interrupt(signal?: string): void;
}

/** An engine inside another program, on this machine. */
export interface WorkflowEngine {
  /**
   * Starts a run. When the promise comes, the run is in the history and under way; its `record` tells what became of it.
   * @throws WfError E_INPUT, E_WORKFLOW_INVALID, E_USAGE; the first unmet requirement's error; E_RUN_EXISTS, E_NAME_IN_USE. Then
   * nothing was touched.
   */
  start<Schema extends z.ZodObject, Machine extends AnyStateMachine>(
    workflow: WorkflowDefinition<Schema, Machine>,
    input: z.input<Schema>,
    options?: StartRunOptions,
  ): Promise<AdvancedRun>;
  /** The same for a workflow that is known by its name. @throws WfError also E_WORKFLOW_NOT_FOUND */
  start(workflow: string, input: JsonObject, options?: StartRunOptions): Promise<AdvancedRun>;
  /**
   * Goes on with a run that was interrupted, is paused, or waits.
   * @throws WfError E_RUN_NOT_FOUND, E_RUN_ENDED, E_WORKFLOW_NOT_FOUND, E_USAGE; E_LEASE_HELD while a living process advances it;
   * E_DEFINITION_CHANGED, E_WRONG_PLACE, E_JOURNAL_DIVERGED; E_NAME_IN_USE; E_ORPHAN_ALIVE. Then nothing was touched.
   */
  resume(run: string, options?: ResumeRunOptions): Promise<AdvancedRun>;
  /**
   * Undoes all that a run did that still stands, newest first, and verifies the host. Null where nothing of it stands.
   * @throws WfError E_RUN_NOT_FOUND; E_RUNNER_MISSING for a change whose step runner neither comes with wf nor belongs to a known
   * workflow, or cannot read its record; E_WRONG_PLACE; E_LEASE_HELD while a living process advances the run; E_ORPHAN_ALIVE. Then
   * nothing was touched.
   */
  rollBack(run: string, options?: RollBackRunOptions): Promise<AdvancedRun | null>;
  /** The run record, as `wf show --json` prints it. @throws WfError E_RUN_NOT_FOUND, E_USAGE */
  run(run: string): RunRecord;
  /** The runs that have not ended and that nobody advances (interrupted, paused or waiting), newest first: `resume` resumes them. */
  resumable(): readonly RunSummary[];
  /** Newest first; at most `limit`, 20 where it is not said. */
  runs(filter?: { readonly workflow?: string; readonly limit?: number }): readonly RunSummary[];
  /**
   * Interrupts the runs that this engine advances and those that it is about to begin, waits until each has stopped, and closes the
   * history. From then on nothing is begun: E_USAGE.
   */
  close(): Promise<void>;
}
