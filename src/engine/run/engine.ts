import type { DefinitionHash, RunId, StepId } from '../model/ids.ts';
import type { JournalEntry, MachineEvent, RunEnd, RunOptions } from '../model/journal-event.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Owner } from '../model/owner.ts';
import type { PrestartedHost } from '../place/prestarted-host.ts';
import type { ClaimPort } from '../ports/claims.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Argv } from '../ports/command.ts';
import type { CrashPoints } from '../ports/crash-points.ts';
import type { HistoryPort, Lease, StoredRun } from '../ports/history.ts';
import type { OrphanedProcessPort } from '../ports/orphaned-processes.ts';
import type { RuntimeName, Runtimes } from '../ports/runtime.ts';
import type { RunnersToUndo } from '../recovery/require-runners.ts';
import type { Requirement, RequirementResult } from '../workflow/requirement.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import type { AbandonedLeases } from './abandoned-leases.ts';

/** What the engine is joined from. */
export interface EngineDependencies {
  readonly history: HistoryPort;
  readonly runtimes: Runtimes;
  readonly claims: ClaimPort;
  readonly orphans: OrphanedProcessPort;
  readonly crashPoints: CrashPoints;
  readonly clock: Clock;
  readonly random: Random;
  readonly newRunId: () => RunId;
  /** This process. */
  readonly owner: Owner;
  /** Whether the process that holds a lease still runs. */
  readonly isAlive: (owner: Owner) => boolean;
  /** Reports what an observer has thrown: the run goes on. Nobody is told where it is left out. */
  readonly warn?: (error: unknown) => void;
}

/** The same with what the engine itself keeps beside them. */
export interface EngineServices extends EngineDependencies {
  readonly leases: AbandonedLeases;
}

export interface StartRequest {
  readonly workflow: LoadedWorkflow;
  readonly definition: { readonly hash: DefinitionHash; readonly description: Json };
  /** As the workflow's schema parsed it; the engine takes the secrets out of it before it keeps anything. */
  readonly input: JsonObject;
  readonly runtime: RuntimeName;
  readonly options: RunOptions;
  /** Chosen by the user; else one is made. */
  readonly id?: RunId;
  /** Opened before, by this engine, on the same runtime; its id is the run's. */
  readonly prestarted?: PrestartedHost | undefined;
  /** A run that only waits for timers hibernates: whoever asks for that resumes it in time. Defaults to false. */
  readonly mayHibernate?: boolean;
}

/** With the step runners by kind, whose `undo` takes the changes back. */
export interface RollBackRequest extends RunnersToUndo {
  readonly run: RunId;
  /** Also undoes what a step runner keeps by design, such as a pulled image. */
  readonly removeKept: boolean;
  /** Values of the run's secret inputs, as far as they are known: where one is missing, what needs it is not undone. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface ResumeRequest {
  readonly run: RunId;
  /** That run as it was read in this very turn, by one who had to know its workflow: it is not read again then. */
  readonly seen?: StoredRun;
  /** As its file defines it now. */
  readonly workflow: LoadedWorkflow;
  readonly definition: { readonly hash: DefinitionHash; readonly description: Json };
  /** Goes on although the definition is another one than the run was started with. */
  readonly acceptChanges: boolean;
  /** Null leaves it at what the run was started with. */
  readonly pauseAfter: string | null;
  /** Values of the run's secret inputs: wf keeps none. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** As {@link StartRequest.mayHibernate}. */
  readonly mayHibernate?: boolean;
  /** That of the run which hibernates in this process. */
  readonly hibernating?: Lease;
}

/** What resuming would do with one step. */
export interface PlannedStep {
  readonly step: StepId;
  readonly stage: string;
  readonly kind: string;
  /**
   * `kept`: completed, never run again; `run`: begun anew, or for the first time; `adopted`: what it was to make is there, and
   * taken as made; `completed`: what is half there is completed; `undone`: its change is taken back; `gone`: its change is
   * gone by itself; `refused`: something that is not the run's is in the way, or it cannot be told.
   */
  readonly plan: 'kept' | 'run' | 'adopted' | 'completed' | 'undone' | 'gone' | 'refused';
  /** In words, with what was found on the host. */
  readonly why: string;
}

/** What resuming would do, found out without touching anything. */
export interface ResumePlan {
  /** `forward`: to its end; `back`: it has failed, or was being rolled back, and is undone. */
  readonly direction: 'forward' | 'back';
  readonly steps: readonly PlannedStep[];
}

/** Callbacks of a live view. An error that one throws alters no run. */
export interface RunObserver {
  /** Each journal entry, after it is durable. */
  committed?(entry: JournalEntry): void;
  /** A note of a running step on how far it is; not durable. */
  progress?(step: StepId, message: string): void;
}

/** Why `result` came: the run ended, waits for an event from outside, or was asked to stop. */
export type RunResult =
  | { readonly type: 'ended'; readonly end: RunEnd }
  | { readonly type: 'waiting' }
  /** Hibernates until a timer goes off (ms since the epoch); this process still holds the lease, and nothing else of the run. */
  | { readonly type: 'hibernating'; readonly until: number; readonly lease: Lease }
  | { readonly type: 'paused'; readonly stage: string }
  | { readonly type: 'interrupted'; readonly signal: string };

export interface RunHandle {
  readonly id: RunId;
  /** Rejects only with an error of the history (E_DATABASE*, E_LEASE_LOST) or a defect. */
  readonly result: Promise<RunResult>;
  /**
   * Gives the machine an event from outside. Comes once the machine has taken it and that is durable.
   * @throws WfError E_EVENT_INVALID; E_EVENT_UNEXPECTED with what the machine expects now; E_WORKFLOW_INVALID if it throws at the event;
   * E_RUN_ENDED; E_RUN_NOT_ADVANCED once `result` has come without an end; an error of the history. Then the run is as it was.
   */
  send(event: MachineEvent): Promise<void>;
  /** Lets what is under way come to its outcome, starts nothing more, and ends with `interrupted`. */
  interrupt(signal: string): void;
}

/** One requirement and what a look at it found. */
export interface PreflightFinding {
  readonly requirement: Requirement;
  readonly result: RequirementResult;
}

/** The runtime that was taken, and why. */
export interface RuntimeChoice {
  readonly runtime: RuntimeName;
  /** In words; null where the workflow needs no runtime, so that it does not matter. */
  readonly why: string | null;
}

/** One step as a dry run walks past it. */
export interface RehearsedStep {
  readonly step: StepId;
  readonly stage: string;
  readonly kind: string;
  readonly description: string;
  /** Whether it changes the host, undoes changes, or only reads. */
  readonly does: 'change' | 'undo' | 'read';
  readonly commands: readonly Argv[];
}

export interface Engine {
  /** The runtime for a run of this workflow, where `auto` was asked for or nothing was said. */
  chooseRuntime(workflow: LoadedWorkflow): Promise<RuntimeChoice>;
  /** Looks at each requirement of the workflow; touches nothing. */
  preflight(workflow: LoadedWorkflow, input: JsonObject, runtime: RuntimeName): Promise<readonly PreflightFinding[]>;
  /** Returns the steps of a run, in order, if each had the output that its runner rehearses. Pure. `run` is the id of that run. */
  rehearse(workflow: LoadedWorkflow, input: JsonObject, run?: RunId): readonly RehearsedStep[];
  /**
   * Begins to open the host of a run that is to be started. It is to be closed whatever becomes of the run.
   * @throws WfError E_RUN_EXISTS
   */
  prestartHost(runtime: RuntimeName, id: RunId | undefined): Promise<PrestartedHost>;
  /**
   * Looks at the requirements, creates the run and begins it.
   * @throws WfError the first unmet requirement's error; E_RUN_EXISTS; E_NAME_IN_USE when another run claims the same names.
   */
  start(request: StartRequest, observer?: RunObserver): Promise<RunHandle>;
  /**
   * Begins to undo all that a run did that still stands, and then to verify the host. Null where there is nothing to undo
   * of a run that has ended.
   * @throws WfError E_RUN_NOT_FOUND; E_RUNNER_MISSING, E_WRONG_PLACE; E_LEASE_HELD while a living process advances the run;
   * E_ORPHAN_ALIVE. Then nothing was touched.
   */
  rollBack(request: RollBackRequest, observer?: RunObserver): Promise<RunHandle | null>;
  /**
   * Takes over a run that nobody advances and goes on with it: forward, or, where it was being rolled back, with that.
   * @throws WfError E_RUN_NOT_FOUND, E_RUN_ENDED; E_LEASE_HELD while a living process advances it; E_DEFINITION_CHANGED with what
   * differs; E_WRONG_PLACE; E_JOURNAL_DIVERGED; E_NAME_IN_USE where a run of another database has taken its names; E_ORPHAN_ALIVE.
   */
  resume(request: ResumeRequest, observer?: RunObserver): Promise<RunHandle>;
  /** Gives up a run that hibernates in this process: nobody advances it from then on. */
  releaseLease(hibernating: Lease): void;
  /** What `resume` would do, and why; takes no lease and touches nothing. @throws WfError as `resume` does. */
  planResume(request: ResumeRequest): Promise<ResumePlan>;
}
