import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { DefinitionHash } from '../../engine/model/ids.ts';
import type { Json } from '../../engine/model/json.ts';
import type { Owner } from '../../engine/model/owner.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { RuntimeName, Runtimes } from '../../engine/ports/runtime.ts';
import type { Engine } from '../../engine/run/engine.ts';
import type { Requirement } from '../../engine/workflow/requirement.ts';
import type { HostPorts, StepRunner } from '../../engine/workflow/step.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';
import type { History } from '../../history/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import type { Places } from './places.ts';

/** What the parts are joined for. */
export interface WireOptions {
  /** The database that was asked for with `--db`; without it, WF_DB and the usual places. */
  readonly database: string | undefined;
}

export type OpenWire = (options: WireOptions) => Promise<Wire>;

/** A workflow file, whether or not it can be loaded. */
export interface WorkflowSummary {
  readonly name: string;
  /** Null where the file cannot be loaded. */
  readonly version: string | null;
  readonly description: string | null;
  readonly file: string;
  readonly error: ErrorRecord | null;
}

/** A workflow, ready to be started. */
export interface ResolvedWorkflow {
  readonly workflow: LoadedWorkflow;
  readonly definition: { readonly hash: DefinitionHash; readonly description: Json };
  readonly file: string;
}

export interface HistoryOptions {
  /** Gives up the space held in reserve where the disk is full: for what undoes, and only for that. */
  readonly freeReserveOnFullDisk: boolean;
}

/**
 * The real parts, as commands reach them. Each part is loaded when it is asked for: a command that only reads the
 * history loads neither Docker's client nor XState.
 */
export interface Wire {
  /** Opens the database, creating it where there is none; the first call decides how. @throws WfError E_DATABASE* */
  history(options?: HistoryOptions): Promise<History>;
  /** The same, but undefined where there is no database yet: looking creates nothing. @throws WfError E_DATABASE* */
  historyForReading(options?: HistoryOptions): Promise<HistoryReader | undefined>;
  /** Joined with `history()`, which it opens when it first writes: a preflight or a rehearsal creates no database. */
  engine(): Promise<Engine>;
  workflows(): Promise<readonly WorkflowSummary[]>;
  /** @throws WfError E_WORKFLOW_NOT_FOUND with the nearest name in its hint; E_WORKFLOW_INVALID */
  workflow(name: string): Promise<ResolvedWorkflow>;
  stepRunners(): Promise<readonly StepRunner[]>;
  /** What each runtime needs of a machine whatever the workflow. */
  requirements(): Promise<Readonly<Record<RuntimeName, readonly Requirement[]>>>;
  /** The machine itself. */
  hostPorts(): Promise<HostPorts>;
  runtimes(): Promise<Runtimes>;
  isAlive(owner: Owner): boolean;
  /** The identity of the PID namespace that wf runs in. */
  readonly pidNamespace: string;
  readonly clock: Clock;
  readonly places: Places;
  /** Closes what was opened. */
  close(): void;
}
