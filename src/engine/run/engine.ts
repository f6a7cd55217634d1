import type { WfError } from '../model/errors.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { DefinitionHash, RunId, StepId } from '../model/ids.ts';
import type { JournalEntry, RunEnd, RunOptions } from '../model/journal-event.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { Demand } from '../model/request.ts';
import type { PrestartedHost } from '../place/prestarted-host.ts';
import type { RunPlan, SavedPlan } from '../plan/saved-plan.ts';
import type { ClaimPort } from '../ports/claims.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { CrashPoints } from '../ports/crash-points.ts';
import type { GuardPort } from '../ports/guard.ts';
import type { HistoryPort, Lease, StoredRun } from '../ports/history.ts';
import type { Notice, NotifierPort } from '../ports/notifier.ts';
import type { OrphanedProcessPort } from '../ports/orphaned-processes.ts';
import type { RuntimeName, Runtimes } from '../ports/runtime.ts';
import type { RunnersToUndo } from '../recovery/require-runners.ts';
import type { Delivered, DeliverRequest } from '../requests/deliver-request.ts';
import type { RequestInbox } from '../requests/request-inbox.ts';
import type { Requirement, RequirementResult } from '../workflow/requirement.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import type { AbandonedLeases } from './abandoned-leases.ts';

/** The dependencies of an engine. */
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
  readonly guards: GuardPort;
  readonly notifier: NotifierPort;
  /** Reports an error of an observer; without it, such errors are dropped. */
  readonly warn?: (error: unknown) => void;
  /** Called for each run whose lease this engine takes. Returns undefined if the run is not to be followed. */
  readonly followRun?: (run: FollowedRun) => RunFollower | undefined;
}

/** A run at the moment when an engine took its lease. */
export interface FollowedRun {
  readonly run: RunId;
  readonly entries: readonly JournalEntry[];
  /** The process that held the lease until then, and ended without releasing it; null if none did. */
  readonly lostBy: Owner | null;
}

/** Follows a run from its lease to its release, whatever caller advances it. Its errors do not affect the run. */
export interface RunFollower extends Required<Pick<RunObserver, 'committed'>> {
  /** This process has stopped advancing the run. */
  released(): void;
}

/** The dependencies of an engine with the state that it shares among its runs. */
export interface EngineServices extends EngineDependencies {
  readonly leases: AbandonedLeases;
  readonly inbox: RequestInbox;
}

export interface StartRequest {
  readonly workflow: LoadedWorkflow;
  readonly definition: { readonly hash: DefinitionHash; readonly description: Json };
  /** As the workflow's schema parsed it; the engine redacts the secrets before it stores anything. */
  readonly input: JsonObject;
  readonly runtime: RuntimeName;
  readonly options: RunOptions;
  /** Chosen by the user; a new one if absent. */
  readonly id?: RunId;
  /** Whether the start is refused while another run of the workflow has not ended; false if absent. */
  readonly alone?: boolean;
  /** Started by this engine on the same runtime; its id is the run's. */
  readonly prestarted?: PrestartedHost | undefined;
  /** Whether a run that only waits for timers hibernates; the caller must resume it in time. False if absent. */
  readonly mayHibernate?: boolean;
  /** The plan that the run carries out; input, runtime, options and id are the plan's (`requestOfPlan`). */
  readonly plan?: SavedPlan;
}

/** The run to plan. */
export type PlanRequest = Pick<StartRequest, 'workflow' | 'definition' | 'input' | 'runtime' | 'options' | 'id'>;

/** A plan that is not saved. */
export interface Planned {
  readonly plan: RunPlan;
  /** The definition to store with the plan. */
  readonly definition: Json;
  /** The results of all requirements; redacted. */
  readonly findings: readonly PreflightFinding[];
}

/** The process that takes over a run. */
interface Taker {
  /** Set if that is an agent, which resumes the run after an interruption, too. */
  readonly by?: 'agent' | undefined;
}

/** Request for a rollback, with the step runners that undo the changes. */
export interface RollBackRequest extends RunnersToUndo, Taker {
  readonly run: RunId;
  /** Also undoes what a step runner keeps by design, such as a pulled image. */
  readonly removeKept: boolean;
  /** The error with which the run ends, unless it has failed already; without it, that of a rollback on request. */
  readonly cause?: WfError;
  /** Values of the run's secret inputs. A change whose undo needs a missing one is not undone. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface ResumeRequest extends Taker {
  readonly run: RunId;
  /** The run, if the caller has read it in this turn of the event loop. */
  readonly seen?: StoredRun;
  /** The current workflow. */
  readonly workflow: LoadedWorkflow;
  readonly definition: { readonly hash: DefinitionHash; readonly description: Json };
  /** Whether to resume although the definition has changed since the start of the run. */
  readonly acceptChanges: boolean;
  /** Null keeps the stage that was given at the start. */
  readonly pauseAfter: string | null;
  /** Values of the run's secret inputs: wf keeps none. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** See {@link StartRequest.mayHibernate}. */
  readonly mayHibernate?: boolean;
  /** The lease of the run if it hibernates in this process. */
  readonly hibernating?: Lease;
}

/** The plan for one step of a resume. */
export interface PlannedStep {
  readonly step: StepId;
  readonly stage: string;
  readonly kind: string;
  /**
   * `kept`: completed, never runs again; `run`: begins, again or for the first time; `adopted`: its change exists, and is taken as made;
   * `completed`: its partial change is completed; `undone`: its change is undone; `gone`: its change has vanished; `refused`: an object
   * that is not the run's is in the way, or its state is unknown.
   */
  readonly plan: 'kept' | 'run' | 'adopted' | 'completed' | 'undone' | 'gone' | 'refused';
  /** The reason in words, with what was observed on the host. */
  readonly why: string;
}

/** The plan of a resume, made without touching anything. */
export interface ResumePlan {
  /** `forward`: towards its end; `back`: it has failed, or was rolling back, and is undone. */
  readonly direction: 'forward' | 'back';
  readonly steps: readonly PlannedStep[];
}

/** Callbacks of a live view. Their errors do not affect the run. */
export interface RunObserver {
  /** Receives each journal entry after it is durable. */
  committed?(entry: JournalEntry): void;
  /** Receives a note of a running step on its progress; not durable. */
  progress?(step: StepId, message: string): void;
  /** Receives why the command that is notified of the run did not succeed. */
  notNotified?(notice: Notice, error: WfError): void;
}

/** Why a process stopped advancing a run. `waiting`: for an event from outside. */
export type RunResult =
  | { readonly type: 'ended'; readonly end: RunEnd }
  | { readonly type: 'waiting' }
  /** Hibernates until a timer fires (ms since the epoch); this process keeps only the lease of the run. */
  | { readonly type: 'hibernating'; readonly until: number; readonly lease: Lease }
  /** Nobody has confirmed it yet (ms since the epoch): its guard undoes it then. */
  | { readonly type: 'unconfirmed'; readonly until: number }
  /** After this stage, or on request (null). */
  | { readonly type: 'paused'; readonly stage: string | null }
  | { readonly type: 'interrupted'; readonly signal: string };

export interface RunHandle {
  readonly id: RunId;
  /** Rejects only with an error of the history (E_DATABASE*, E_LEASE_LOST) or a defect. */
  readonly result: Promise<RunResult>;
  /**
   * Sends the machine an event from outside. Resolves once the machine has taken it and that is durable.
   * @throws WfError E_EVENT_INVALID; E_EVENT_UNEXPECTED naming the events that the machine expects; E_WORKFLOW_INVALID if it throws at the
   * event; E_RUN_ENDED; E_RUN_NOT_ADVANCED once `result` has settled without an end; an error of the history. The run is then unchanged.
   */
  send(event: MachineEvent): Promise<void>;
  /** Lets running steps finish, starts nothing more, and stops with `interrupted`. */
  interrupt(signal: string): void;
}

/** A requirement and the result of its check. */
export interface PreflightFinding {
  readonly requirement: Requirement;
  readonly result: RequirementResult;
}

/** The chosen runtime, and why. */
export interface RuntimeChoice {
  readonly runtime: RuntimeName;
  /** The reason in words; null if the workflow needs no runtime. */
  readonly why: string | null;
}

export interface Engine {
  /** Chooses the runtime for a run of this workflow with this input, for `auto` or no choice of the user. */
  chooseRuntime(workflow: LoadedWorkflow, input: JsonObject): Promise<RuntimeChoice>;
  /**
   * Plans a run: checks its requirements, rehearses its steps, and observes the host for each change whose input is known. Touches and
   * stores nothing. @throws WfError E_WORKFLOW_INVALID, E_STEP_INPUT
   */
  plan(request: PlanRequest): Promise<Planned>;
  /**
   * Stores a plan, for one start. @param file path of the workflow file; null if the workflow is found by its name
   * @throws WfError the error of the first unmet requirement; E_RUN_EXISTS
   */
  savePlan(planned: Planned): SavedPlan;
  /**
   * Begins to open the host of a run that is about to start. The caller closes it whether or not the run starts.
   * @throws WfError E_RUN_EXISTS
   */
  prestartHost(runtime: RuntimeName, id: RunId | undefined): Promise<PrestartedHost>;
  /**
   * Checks the requirements, creates the run and begins to advance it.
   * @throws WfError the error of the first unmet requirement; E_RUN_EXISTS, E_WORKFLOW_RUNNING; E_NAME_IN_USE if another run has claimed
   * the same names; with a plan also E_PLAN_OUTDATED naming each difference, E_PLAN_USED, E_PLAN_NOT_FOUND: then nothing was touched
   */
  start(request: StartRequest, observer?: RunObserver): Promise<RunHandle>;
  /**
   * Begins to undo the changes of a run that are in place, and to verify the host. Returns null if the run has ended and has nothing to
   * undo.
   * @throws WfError E_RUN_NOT_FOUND; E_RUNNER_MISSING, E_WRONG_PLACE; E_LEASE_HELD while a living process advances the run;
   * E_ORPHAN_ALIVE. Then nothing was touched.
   */
  rollBack(request: RollBackRequest, observer?: RunObserver): Promise<RunHandle | null>;
  /**
   * Takes over a run that nobody advances, and resumes it; a run that was rolling back continues its rollback.
   * @throws WfError E_RUN_NOT_FOUND, E_RUN_ENDED; E_LEASE_HELD while a living process advances it; E_DEFINITION_CHANGED; E_WRONG_PLACE;
   * E_JOURNAL_DIVERGED; E_NAME_IN_USE if a run of another database has claimed its names; E_ORPHAN_ALIVE
   */
  resume(request: ResumeRequest, observer?: RunObserver): Promise<RunHandle>;
  /**
   * Calls `onRequest` for each request to a run that hibernates in this process: the caller must resume it. Returns a function that ends
   * this.
   */
  watchRequests(run: RunId, onRequest: () => void): () => void;
  /** Releases the lease of a run that hibernates in this process: nobody advances it from then on. */
  releaseLease(hibernating: Lease): void;
  /**
   * Carries out the open requests to settle changes of a run that has ended, compares the host, and ends the run again. Returns null if
   * there are none.
   * @throws WfError E_RUN_NOT_FOUND; E_LEASE_HELD while a living process advances the run
   */
  settle(request: Omit<RollBackRequest, 'removeKept'>, observer?: RunObserver): Promise<RunHandle | null>;
  /**
   * Takes over an unconfirmed run, answers its requests, and ends it once somebody confirms it, or undoes it at its deadline. Returns null
   * if it is not unconfirmed. @param until `answered`: leaves the run as soon as no request is open
   * @throws WfError as `rollBack` does
   */
  conclude(
    request: Omit<RollBackRequest, 'removeKept' | 'cause'>,
    until: 'deadline' | 'answered',
    observer?: RunObserver,
  ): Promise<RunHandle | null>;
  /**
   * Answers a stored request to a run that nobody advances: refuses it if the run cannot fulfil it, otherwise calls `advance`, which takes
   * the run over. Resolves to false, and does nothing, if the request has an answer or the run a living owner.
   * @throws WfError of `advance`: the request stays open
   */
  answer(run: RunId, request: number, advance: (demand: Demand) => Promise<void>): Promise<boolean>;
  /**
   * Stores a request to a run and waits for its answer, of whatever process advances the run; if none does, the caller does.
   * @throws WfError E_RUN_NOT_FOUND, E_RUN_IMPORTED; E_DATABASE*, E_DISK_FULL: then the request was not stored
   */
  deliver(request: DeliverRequest): Promise<Delivered>;
  /** Returns what `resume` would do, and why. Takes no lease, touches nothing. @throws WfError as `resume` does */
  planResume(request: ResumeRequest): Promise<ResumePlan>;
  /** See {@link NotifierPort.sent}. */
  noticesSent(stop: AbortSignal): Promise<void> | undefined;
  /** Returns the same for a run that failed and is retried. @throws WfError as `resume` of a run whose retry is due */
  planRetry(request: ResumeRequest): Promise<ResumePlan>;
}
