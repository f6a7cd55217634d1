import type { AnyStateMachine } from 'xstate';
import type { z } from 'zod';
import type { WfError } from '../../engine/model/errors.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { JsonObject } from '../../engine/model/json.ts';
import type { MachineEvent } from '../../engine/model/machine-event.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import type { RuntimeName } from '../../engine/ports/runtime.ts';
import type { RunObserver } from '../../engine/run/engine.ts';
import type { WorkflowDefinition } from '../../engine/workflow/workflow.ts';
import type { PlanRecord } from '../../review/record/plan-record.ts';
import type { RunRecord, RunSummary } from '../../review/record/run-record.ts';
import type { Stopped } from './keep-advancing.ts';

/** A definition, or the path of a workflow file, which is loaded as `wf start` loads it. */
export type WorkflowSource = WorkflowDefinition | string;

export interface OpenEngineOptions {
  /** Path of the history. The file (mode 0600) and its folder are created if they are absent. */
  readonly database: string;
  /** Workflows to resume and roll back by their names. A definition that is passed to `start` is added to them. */
  readonly workflows?: readonly WorkflowSource[];
}

export interface StartRunOptions {
  /** Whether the changes of a run that fails are undone or kept; `rollback` if absent. */
  readonly onFailure?: 'rollback' | 'keep';
  /** The runtime for networks and containers; chosen as `wf start` does if absent. */
  readonly runtime?: RuntimeName;
  /** The stage after which the run pauses. */
  readonly pauseAfter?: string | null;
  /** Undoes the changes of the run unless somebody confirms it in time; if absent, the run need not be confirmed. */
  readonly confirm?: ConfirmOptions;
  /** `auto`: `wf agent` resumes the run if its process ends early; nobody if absent. */
  readonly resume?: 'auto';
  /**
   * The command that wf runs with the run record on its standard input when the run needs people, like `wf start --notify`; null for none;
   * that of the workflow if absent.
   */
  readonly notify?: Argv | null;
  /** The id of the run: letters, digits, `_` and `-`, at most 63; a new one if absent. */
  readonly id?: string;
  /** Receives each journal entry once it is on disk, and progress. Its errors become warnings of the process and change no run. */
  readonly observer?: RunObserver;
}

/** How a run has to be confirmed. */
export interface ConfirmOptions {
  /** The time to confirm, in milliseconds from the verification of the host. */
  readonly withinMs: number;
  /** The time for applying, in milliseconds; ten minutes if absent. */
  readonly applyWithinMs?: number;
  /** Whether the confirmation must come from a login session that began after the change; false if absent. */
  readonly newSession?: boolean;
  /** The id of a step that only reads, which must succeed again; none if absent. */
  readonly probe?: string;
  /**
   * Whether a guard undoes the changes if this process is gone; true if absent. It is a process of the command `wf`, which finds the
   * workflow by its name, as that command does, from the working directory of this process.
   */
  readonly guard?: boolean;
}

/** The observer is of no use to a plan. */
export type PlanRunOptions = Omit<StartRunOptions, 'observer'>;

export interface ApplyPlanOptions {
  /** Values of the plan's secret inputs, all of them: wf keeps none. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly observer?: RunObserver;
}

export interface ResumeRunOptions {
  /** Resumes the run even if the workflow has changed since it started; false if absent. */
  readonly acceptChanges?: boolean;
  readonly pauseAfter?: string | null;
  /** Values of the run's secret inputs, all of them: wf keeps none. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly observer?: RunObserver;
}

export interface RollBackRunOptions {
  /** Also undoes changes that a step runner keeps by design, such as a pulled image; false if absent. */
  readonly removeKept?: boolean;
  /** Values of the run's secret inputs. A change whose undo needs a missing one is not undone. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly observer?: RunObserver;
}

/** Options of a request to a run. */
export interface RequestOptions {
  /** A comment for the record of the run. */
  readonly comment?: string;
  /** Ends the wait for the answer: the promise rejects with its reason, and the request stays in the history. */
  readonly signal?: AbortSignal;
}

/** Options of a retry; those of `resume` apply to the run that continues or is started anew. */
export type RetryRunOptions = RequestOptions & Omit<ResumeRunOptions, 'pauseAfter'>;

export interface SubscribeOptions {
  readonly fromSeq?: number;
  readonly signal?: AbortSignal;
}

/** Runs that satisfy all of these. */
export interface RunsFilter {
  readonly workflow?: string;
  /** As `wf runs` shows it: a run whose process is gone is `interrupted`. */
  readonly status?: RunStatus;
  /** Created at this moment or later. */
  readonly since?: Date;
  /** The greatest number of runs; 20 if absent. */
  readonly limit?: number;
  /** Continues a list after the run with this id. */
  readonly after?: string;
}

/** A run that `resumeAll` has resumed, or why it could not. */
export type ResumedRun = { readonly id: string } & ({ readonly run: AdvancedRun } | { readonly error: WfError });

/** A run that this process advances. */
export interface AdvancedRun {
  readonly id: string;
  /**
   * Resolves when the run has ended (with its output or its error), pauses, waits for an event, or is interrupted. Rejects only if
   * the history cannot be written, or if another process has taken the run over.
   */
  readonly result: Promise<Stopped>;
  /** The run record at that moment; read on first access. Resolves and rejects as `result` does. */
  readonly record: Promise<RunRecord>;
  /**
   * Gives the machine an event from outside. Resolves once the machine has taken the event and that is on disk. A run that hibernates
   * is resumed for it. The machine takes events in the order in which they are sent.
   * @throws WfError E_EVENT_INVALID if it is not an object with a `type` of the program's own, and otherwise JSON; E_EVENT_UNEXPECTED,
   * with what the machine expects now in its message and `details.expected`; E_WORKFLOW_INVALID if the machine throws at it;
   * E_RUN_ENDED also while the run is rolled back; E_RUN_NOT_ADVANCED once `result` has settled without an end; an error of the history.
   * The run is then unchanged.
   */
  send(event: MachineEvent): Promise<void>;
  /** Lets steps under way finish and starts nothing more; `signal` is the reason that is journaled. */
  interrupt(signal?: string): void;
}

/** An engine inside another program, on this machine. */
export interface WorkflowEngine {
  /**
   * Starts a run. When the promise resolves, the run is in the history and under way.
   * @throws WfError E_INPUT, E_WORKFLOW_INVALID, E_USAGE; the error of the first unmet requirement; E_RUN_EXISTS, E_NAME_IN_USE. Then
   * nothing was touched.
   */
  start<Schema extends z.ZodObject, Machine extends AnyStateMachine>(
    workflow: WorkflowDefinition<Schema, Machine>,
    input: z.input<Schema>,
    options?: StartRunOptions,
  ): Promise<AdvancedRun>;
  /** Starts a run of a known workflow by its name. @throws WfError also E_WORKFLOW_NOT_FOUND */
  start(workflow: string, input: JsonObject, options?: StartRunOptions): Promise<AdvancedRun>;
  /**
   * Saves a plan of a run, like `wf start --plan`: its steps with their commands, the current state of the host, and the steps that depend
   * on outputs that are not known yet. Touches nothing.
   * @throws WfError as `start`. Then nothing was stored.
   */
  plan<Schema extends z.ZodObject, Machine extends AnyStateMachine>(
    workflow: WorkflowDefinition<Schema, Machine>,
    input: z.input<Schema>,
    options?: PlanRunOptions,
  ): Promise<PlanRecord>;
  /** Saves a plan of a run of a known workflow by its name. @throws WfError also E_WORKFLOW_NOT_FOUND */
  plan(workflow: string, input: JsonObject, options?: PlanRunOptions): Promise<PlanRecord>;
  /**
   * Starts exactly the planned run. A plan starts one run: of two calls, in this process or another, only the first succeeds.
   * @throws WfError E_PLAN_NOT_FOUND, E_PLAN_USED; E_PLAN_OUTDATED with each difference, also in `details.differences`;
   * E_WORKFLOW_NOT_FOUND; E_INPUT if a secret is missing; the errors of `start`. Then nothing was touched.
   */
  apply(plan: string, options?: ApplyPlanOptions): Promise<AdvancedRun>;
  /** Lists all plans, newest first. */
  plans(): readonly PlanRecord[];
  /**
   * Resumes a run that was interrupted, is paused, or waits.
   * @throws WfError E_RUN_NOT_FOUND, E_RUN_ENDED, E_WORKFLOW_NOT_FOUND, E_USAGE; E_LEASE_HELD while a living process advances it;
   * E_DEFINITION_CHANGED, E_WRONG_PLACE, E_JOURNAL_DIVERGED; E_NAME_IN_USE; E_ORPHAN_ALIVE. Then nothing was touched.
   */
  resume(run: string, options?: ResumeRunOptions): Promise<AdvancedRun>;
  /**
   * Undoes the changes of a run that are in place, newest first, and verifies the host. Null if there are none.
   * @throws WfError E_RUN_NOT_FOUND; E_RUNNER_MISSING for a change whose step runner neither comes with wf nor belongs to a known
   * workflow, or cannot read its record; E_WRONG_PLACE; E_LEASE_HELD while a living process advances the run; E_ORPHAN_ALIVE. Then
   * nothing was touched.
   */
  rollBack(run: string, options?: RollBackRunOptions): Promise<AdvancedRun | null>;
  /**
   * Sends a run an event, whichever process advances it; if none does, this engine resumes it, and advances it from then on. Resolves
   * with the run record once the machine has taken the event and that is on disk. The request, its answer and this process's user are
   * in the record.
   * @throws WfError E_RUN_NOT_FOUND, E_RUN_IMPORTED; E_EVENT_INVALID, E_EVENT_UNEXPECTED with what the run expects now; E_REQUEST_REFUSED
   * if it is paused, is rolled back, or has ended; the errors of `resume`
   */
  send(run: string, event: MachineEvent, options?: RequestOptions): Promise<RunRecord>;
  /** Lets the running steps of a run finish, and pauses it. Resolves once it is paused. @throws WfError as `send` */
  pause(run: string, options?: RequestOptions): Promise<RunRecord>;
  /**
   * Ends a run as failed, and undoes its changes unless `keep`. Resolves once the run is bound to that: its end follows.
   * @throws WfError as `send`; the errors of `rollBack`
   */
  cancel(run: string, options?: RequestOptions & { readonly keep?: boolean }): Promise<RunRecord>;
  /**
   * Keeps the changes of an unconfirmed run, or moves its deadline to `extendMs` from now. Resolves once that is on disk. Counts if it is
   * requested before the deadline, from the login session of this process.
   * @throws WfError as `send`; E_REQUEST_REFUSED also if the run is not unconfirmed, or its probe fails
   */
  confirm(run: string, options?: RequestOptions & { readonly extendMs?: number }): Promise<RunRecord>;
  /**
   * Retries a run. A run that failed, and was not rolled back, continues from its failed and stopped steps: each observes the host first,
   * and all other steps keep their results. A rolled-back run is started anew as another run, with the same input. This engine advances the
   * run from then on. Resolves with the record of the run that continues, or of the new one, once that is durable.
   * @throws WfError E_REQUEST_REFUSED, with the reason, in any other status, if its machine cannot continue from there, or if the run was
   * started anew already; the errors of `resume` and `start`
   */
  retry(run: string, options?: RetryRunOptions): Promise<RunRecord>;
  /**
   * Records that a change which wf could not undo is gone, or is kept, and ends the run again: with a comparison of the host if this is
   * the place where the run was started. Resolves with the run record after that.
   * @throws WfError E_REQUEST_REFUSED if the run has not ended, or has no such change in place
   */
  settle(
    run: string,
    change: number,
    options: RequestOptions & { readonly as: 'gone' | 'kept'; readonly reason: string },
  ): Promise<RunRecord>;
  /** Returns the run record, as `wf show --json` prints it. @throws WfError E_RUN_NOT_FOUND, E_USAGE */
  run(run: string): RunRecord;
  /** Lists the runs that have not ended and that nobody advances (interrupted, paused or waiting), newest first. */
  resumable(): readonly RunSummary[];
  /**
   * Resumes every run of {@link resumable}: a run that cannot be resumed blocks no other. The first ones work while the next ones are
   * read. Those that are left when `close` is called are not resumed (E_USAGE).
   */
  resumeAll(): Promise<readonly ResumedRun[]>;
  /**
   * Yields the journal entries of a run from the seq `fromSeq` (1 if absent) on, also those of other processes, as they arrive. Ends when
   * the run has ended. After a restart, `fromSeq` continues after the last entry that was read.
   * @throws WfError E_RUN_NOT_FOUND; the reason of the signal
   */
  subscribe(run: string, options?: SubscribeOptions): AsyncIterableIterator<JournalEntry>;
  /** Lists runs, newest first. */
  runs(filter?: RunsFilter): readonly RunSummary[];
  /**
   * Interrupts the runs that this engine advances or is about to begin, waits until each has stopped, and closes the history. After
   * that, every call that begins a run is refused (E_USAGE). Waits at most `timeoutMs` (for ever if absent): a run whose step has not
   * ended by then can be resumed once this process has ended, as if the process had been killed. Traces that are left are sent after
   * that, for two seconds or the time-out of the exporter.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
}
