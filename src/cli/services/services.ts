import type { ErrorRecord, WfError } from '../../engine/model/errors.ts';
import type { Owner } from '../../engine/model/identity/owner.ts';
import type { DefinitionHash } from '../../engine/model/ids.ts';
import type { Json } from '../../engine/model/json.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { RuntimeName, Runtimes } from '../../engine/ports/runtime.ts';
import type { Engine } from '../../engine/run/engine.ts';
import type { Requirement } from '../../engine/workflow/requirement.ts';
import type { HostPorts, StepRunner } from '../../engine/workflow/step.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';
import type { History } from '../../history/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import type { Places } from './places.ts';
import type { ProjectStepRunners } from './project-step-runners.ts';

/** Options of the services. */
export interface ServicesOptions {
  /** Database of `--db`; without it, WF_DB and the usual places. */
  readonly database: string | undefined;
  /** Receives an error that does not concern the command. */
  report(error: WfError): void;
}

export type OpenServices = (options: ServicesOptions) => Promise<Services>;

/** A workflow file, whether or not it can be loaded. */
export interface WorkflowSummary {
  readonly name: string;
  /** Null if the file cannot be loaded. */
  readonly version: string | null;
  readonly description: string | null;
  readonly file: string;
  readonly error: ErrorRecord | null;
}

/** A workflow that is ready to start. */
export interface ResolvedWorkflow {
  readonly workflow: LoadedWorkflow;
  readonly definition: { readonly hash: DefinitionHash; readonly description: Json };
  readonly file: string;
}

export interface HistoryOptions {
  /** Frees the reserved space if the disk is full; only for commands that undo. */
  readonly freeReserveOnFullDisk: boolean;
}

/** Services of a command, each loaded at its first use: a command that only reads the history loads neither dockerode nor XState. */
export interface Services {
  /** Opens the database, and creates it if necessary; the first call decides how. @throws WfError E_DATABASE* */
  history(options?: HistoryOptions): Promise<History>;
  /** Opens the database for reading; undefined if there is none, and creates nothing. @throws WfError E_DATABASE* */
  historyForReading(options?: HistoryOptions): Promise<HistoryReader | undefined>;
  /** Creates the engine. It opens `history()` at its first write: a preflight or a rehearsal creates no database. */
  engine(): Promise<Engine>;
  workflows(): Promise<readonly WorkflowSummary[]>;
  /**
   * Loads a workflow by name.
   * @throws WfError E_WORKFLOW_NOT_FOUND with the nearest name in its hint; E_WORKFLOW_INVALID
   */
  workflow(name: string): Promise<ResolvedWorkflow>;
  /** Returns the step runners that come with wf. */
  stepRunners(): Promise<readonly StepRunner[]>;
  /** Loads the step runners of the project; those that come with wf are not among them. */
  projectStepRunners(): Promise<ProjectStepRunners>;
  /** Returns the requirements of each runtime, whatever the workflow. */
  requirements(): Promise<Readonly<Record<RuntimeName, readonly Requirement[]>>>;
  /** Returns the ports of the machine itself. */
  hostPorts(): Promise<HostPorts>;
  runtimes(): Promise<Runtimes>;
  isAlive(owner: Owner): boolean;
  /** Identity of the PID namespace that wf runs in. */
  readonly pidNamespace: string;
  readonly clock: Clock;
  readonly places: Places;
  /**
   * Resolves once all pending notices are sent, at the latest after their time-out; undefined if none is pending. `stop` makes them fail.
   */
  noticesSent(stop: AbortSignal): Promise<unknown> | undefined;
  /** Closes the opened services. Waits a bounded time for traces to be sent. */
  close(): Promise<void>;
}
