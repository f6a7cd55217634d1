import type { Change, Verification } from '../model/change.ts';
import type { WfError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { RunId, StepId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { AgentPort } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { Argv, CommandPort } from '../ports/command.ts';
import type { DockerPort } from '../ports/docker.ts';
import type { HostNamespacePort } from '../ports/host-namespace.ts';
import type { RunPlace } from '../ports/place.ts';
import type { Facet } from './facets.ts';

/** What step runners reach the host through. */
export interface HostPorts {
  readonly command: CommandPort;
  readonly docker: DockerPort;
  readonly namespace: HostNamespacePort;
  /** Asks probes' questions where a process is there for it already; null where a program is started for each. */
  readonly agent: AgentPort | null;
  readonly clock: Clock;
  /** Where the run was started; outside of a run, where this process is. */
  readonly place: RunPlace;
}

/** What every look at the host and every act on it is given. */
export interface HostContext {
  readonly run: RunId;
  readonly host: HostPorts;
  /** Aborted at the step's time-out and when the run stops; a runner passes it on and ends soon after. */
  readonly signal: AbortSignal;
  /** Adds to the step's evidence. */
  record(evidence: Evidence): void;
  /** A short note on how far a long step is, for the live view; not journaled. */
  progress(message: string): void;
}

/** What a step runner is given when it carries out a step. */
export interface StepContext extends HostContext {
  readonly step: StepId;
  /** From 1. */
  readonly attempt: number;
  readonly ledger: LedgerService;
}

/** What a step may ask of the engine about its own run's changes. */
export interface LedgerService {
  /** Undoes the standing changes of these steps, newest first, each as a rollback would. Answers each with its new status. */
  revert(steps: readonly StepId[]): Promise<readonly Change[]>;
  /** Compares the host with what it was before the first change, and the ledger with what must be settled. */
  verify(): Promise<Verification>;
  changes(): readonly Change[];
}

/**
 * What a changing step finds on the host before it acts, and after.
 * `record` is what the ledger keeps: identity, previous state, all that undoing needs.
 */
export type Observation<Record, Output> =
  | { readonly found: 'absent'; readonly target: string; readonly record: Record }
  | { readonly found: 'partial'; readonly target: string; readonly record: Record }
  | { readonly found: 'ours'; readonly target: string; readonly record: Record; readonly output: Output }
  /** Already as asked, by somebody else: there is nothing to change and nothing to undo. */
  | { readonly found: 'unchanged'; readonly output: Output }
  /** Present and not ours: refused, untouched. */
  | { readonly found: 'foreign'; readonly error: WfError }
  /** A read failed: that is not "absent". */
  | { readonly found: 'unknown'; readonly error: WfError };

/** What undoing finds of a change. */
export type Standing =
  | { readonly found: 'standing' }
  | { readonly found: 'gone'; readonly reason: string }
  | { readonly found: 'unknown'; readonly error: WfError };

/** Tries again after a failed attempt, waiting `initialMs`, then `factor` times as long each time, at most `maxMs`. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

export interface StepPolicy {
  /** An attempt that takes longer is ended and has failed with E_STEP_TIMEOUT. */
  readonly timeoutMs: number;
  /** Which failed attempts are repeated: those whose error is transient. */
  readonly retry: RetryPolicy;
}

/** What a person would type, and what a dry run pretends came of it. */
export interface Rehearsal {
  readonly commands: readonly Argv[];
  readonly output: Json;
  /** What would undo it. */
  readonly undo: readonly Argv[];
  /** Ids of the steps whose changes it undoes. */
  readonly undoes: readonly string[];
}

export interface ReadBehaviour {
  /** `undo`: it changes nothing of its own, but undoes what earlier steps changed. */
  readonly type: 'read' | 'undo';
  read(input: Json, context: StepContext): Promise<Json>;
}

export interface ChangeBehaviour {
  readonly type: 'change';
  /** Set where a change is meant to stay, as a pulled image is: the reason. */
  readonly kept: string | null;
  /** Whether what it makes is still there after a reboot. */
  readonly survivesReboot: boolean;
  /** The facets of the host that it can alter; all of them where it is undefined, as for a runner that another version of wf made. */
  readonly alters?: readonly Facet[] | undefined;
  /**
   * What a process asked for before it was killed may still appear this many milliseconds later (an engine goes on with a
   * request whose client is gone): so long after an intent, "absent" is looked at again. 0 where that cannot be.
   */
  readonly landsWithinMs: number;
  /** `earlier` is the record of an intent by the same step that an earlier attempt left, where there is one. */
  observe(input: Json, context: StepContext, earlier: Json | undefined): Promise<Observation<Json, Json>>;
  /** Makes what is absent, completes what is partial. Answers the record with what was learned (ids). */
  apply(input: Json, record: Json, found: 'absent' | 'partial', context: StepContext): Promise<Json>;
  look(record: Json, context: HostContext): Promise<Standing>;
  /** Refuses to work on a change elsewhere than where it was made. @throws WfError E_WRONG_PLACE */
  requireMadeHere?(record: Json, host: HostPorts): Promise<void>;
  /** Answers nothing, and is looked at again; or, where a look cannot tell, what it knows to stand now. */
  undo(record: Json, context: HostContext): Promise<Standing> | Promise<void>;
  /** Command lines that undo it by hand. */
  undoCommands(record: Json): readonly Argv[];
}

/**
 * The code that carries out one kind of step, as the engine sees it: values are JSON, and the runner parses
 * what it is given against its own schemas. Made by `defineStep`, never by hand.
 */
export interface StepRunner {
  /** Family and name, e.g. `docker.network`. */
  readonly kind: string;
  readonly description: string;
  readonly policy: StepPolicy;
  readonly behaviour: ReadBehaviour | ChangeBehaviour;
  /** Whether it runs commands whose author alone knows what they do: they depend on the working directory and the user. */
  readonly runsAnyCommand: boolean;
  /** The input with defaults filled in. @throws WfError E_STEP_INPUT */
  parseInput(input: unknown): Json;
  rehearse(input: Json): Rehearsal;
  /** JSON Schemas, for `wf steps`. */
  readonly schemas: { readonly input: Json; readonly output: Json };
}
