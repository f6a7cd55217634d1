import type { Change, Verification } from '../model/change.ts';
import type { ErrorRecord, WfError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { RunId, StepId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { AgentPort } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { Argv, CommandPort } from '../ports/command.ts';
import type { DockerPort } from '../ports/docker.ts';
import type { FilesPort } from '../ports/files.ts';
import type { HostNamespacePort } from '../ports/host-namespace.ts';
import type { RunPlace } from '../ports/place.ts';
import type { Facet } from './facets.ts';

/** The access of step runners to the host. */
export interface HostPorts {
  readonly command: CommandPort;
  readonly docker: DockerPort;
  readonly files: FilesPort;
  readonly namespace: HostNamespacePort;
  /** Answers the requests of probes in a running process; null if a program is started for each. */
  readonly agent: AgentPort | null;
  readonly clock: Clock;
  /** The place where the run was started; outside of a run, the place of this process. */
  readonly place: RunPlace;
}

/** The context of every observation and every change of the host. */
export interface HostContext {
  readonly run: RunId;
  readonly host: HostPorts;
  /**
   * Returns the access to a named host of the run, for a step that needs two: a node that joins the swarm of another host.
   * @throws WfError E_WORKFLOW_INVALID if the run has no such host
   */
  named(name: string): HostPorts;
  /** Aborted at the step's time-out and if the run stops; a runner passes it on, and ends soon after. */
  readonly signal: AbortSignal;
  /** Adds to the step's evidence. */
  record(evidence: Evidence): void;
  /** Shows a short note on the progress of a long step in the live view; not journaled. */
  progress(message: string): void;
}

/** The context of a step runner that carries out a step. */
export interface StepContext extends HostContext {
  readonly step: StepId;
  /** From 1. */
  readonly attempt: number;
  /** The error with which the last attempt failed, if this one is a retry after it; null otherwise, also after an interruption. */
  readonly retriedAfter: ErrorRecord | null;
  readonly ledger: LedgerService;
}

/** The access of a step to the changes of its own run. */
export interface LedgerService {
  /**
   * Undoes the changes of these steps, or of all items of a `forEach`, or of a child workflow, newest first, as a rollback does. Returns
   * each with its new status. A step of a child names those of the child.
   */
  revert(steps: readonly StepId[]): Promise<readonly Change[]>;
  /** Compares the host with its state before the first change, and checks that every change is settled. */
  verify(): Promise<Verification>;
  changes(): readonly Change[];
}

/**
 * The state that a changing step observes before it acts, and after. The ledger stores `record`: identity, previous state, and all that
 * undoing needs.
 */
export type Observation<Record, Output> =
  | { readonly found: 'absent'; readonly target: string; readonly record: Record }
  | { readonly found: 'partial'; readonly target: string; readonly record: Record }
  | { readonly found: 'ours'; readonly target: string; readonly record: Record; readonly output: Output }
  /** Already as requested, by somebody else: nothing to change and nothing to undo. */
  | { readonly found: 'unchanged'; readonly output: Output }
  /** Exists, and is not the run's: the step fails, and leaves it untouched. */
  | { readonly found: 'foreign'; readonly error: WfError }
  /** A read failed, which is not "absent". */
  | { readonly found: 'unknown'; readonly error: WfError };

/** The state of a change that is to be undone. */
export type ChangeState =
  | { readonly found: 'in place' }
  | { readonly found: 'gone'; readonly reason: string }
  | { readonly found: 'unknown'; readonly error: WfError };

/** The retries of a failed attempt: after `initialMs`, then `factor` times as long each time, at most `maxMs`. */
export interface RetryPolicy {
  /** Number of attempts, with the first one. */
  readonly attempts: number;
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

export interface StepPolicy {
  /** An attempt that takes longer is stopped, and fails with E_STEP_TIMEOUT. */
  readonly timeoutMs: number;
  /** Applies to attempts that fail with a transient error. */
  readonly retry: RetryPolicy;
}

/** The commands that a person would type for a step, and the output that a dry run gives it. */
export interface Rehearsal {
  readonly commands: readonly Argv[];
  readonly output: Json;
  /** Commands that would undo it. */
  readonly undo: readonly Argv[];
  /** Ids of the steps whose changes it undoes. */
  readonly undoes: readonly string[];
}

export interface ReadBehaviour {
  /** `undo`: it makes no change, but undoes those of earlier steps. */
  readonly type: 'read' | 'undo';
  read(input: Json, context: StepContext): Promise<Json>;
}

export interface ChangeBehaviour {
  readonly type: 'change';
  /** Why the change is meant to stay, like a pulled image; null if it is not. */
  readonly kept: string | null;
  /** Whether the change survives a reboot. */
  readonly survivesReboot: boolean;
  /** The facets of the host that it can alter; all if absent. */
  readonly alters?: readonly Facet[] | undefined;
  /**
   * Time for which a request of a killed process may still have a late effect, in milliseconds after the intent: an engine completes a
   * request whose client is gone. Until then an absent target is observed again. 0 if there is no late effect.
   */
  readonly lateEffectMs: number;
  /** @param earlier record of the intent that an earlier attempt at the step left, if there is one */
  observe(input: Json, context: StepContext, earlier: Json | undefined): Promise<Observation<Json, Json>>;
  /** Makes an absent target, completes a partial one. Returns the record with what it has learned (ids). */
  apply(input: Json, record: Json, found: 'absent' | 'partial', context: StepContext): Promise<Json>;
  inspect(record: Json, context: HostContext): Promise<ChangeState>;
  /** Refuses a host where the change was not made. @throws WfError E_WRONG_PLACE */
  requireMadeHere?(record: Json, host: HostPorts): Promise<void>;
  /** Undoes the change. Returns its state if `inspect` cannot determine it; otherwise nothing, and the engine calls `inspect` again. */
  undo(record: Json, context: HostContext): Promise<ChangeState> | Promise<void>;
  /** Returns the command lines that undo it by hand. */
  undoCommands(record: Json): readonly Argv[];
}

/**
 * The code that carries out one kind of step, for the engine: values are JSON, which the runner parses by its own schemas. Only
 * `defineStep` makes one.
 */
export interface StepRunner {
  /** Family and name, e.g. `docker.network`. */
  readonly kind: string;
  readonly description: string;
  readonly policy: StepPolicy;
  readonly behaviour: ReadBehaviour | ChangeBehaviour;
  /** Whether it runs arbitrary commands, which depend on the working directory and the user. */
  readonly runsAnyCommand: boolean;
  /** Returns the input with its defaults. @throws WfError E_STEP_INPUT */
  parseInput(input: unknown): Json;
  /** Returns the retries that the input asks for; undefined if it leaves them to the policy. */
  retryOf(input: Json): RetryPolicy | undefined;
  rehearse(input: Json): Rehearsal;
  /** JSON Schemas, for `wf steps`. */
  readonly schemas: { readonly input: Json; readonly output: Json };
}
