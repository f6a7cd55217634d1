import type { BootDeadline } from '../confirm/boot-deadline.ts';
import type { Argv } from '../ports/command.ts';
import type { RunPlace } from '../ports/place.ts';
import type { PrivateHostIdentity, RuntimeName } from '../ports/runtime.ts';
import type { Facet } from '../workflow/facets.ts';
import type { RecordedProofs } from '../workflow/workflow.ts';
import type { Change, ChangeStatus, Verification } from './change.ts';
import type { ErrorRecord } from './errors.ts';
import type { Owner } from './identity/owner.ts';
import type { DefinitionHash, PlanId, RunId, StepId } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import type { MachineEvent } from './machine-event.ts';
import type { NamedHosts } from './named-host.ts';
import type { RequestOutcome, RunRequest } from './request.ts';

/** An effect that a decision asks for. Committed with the decision, before the engine carries any of it out. */
export type Effect =
  | {
      readonly type: 'start-step';
      readonly step: StepId;
      /** The id under which the machine invoked it. */
      readonly invoke: string;
      /** The key of the item if it is one of a `forEach`. */
      readonly item?: string;
      /** The named host that it works on; absent for the run's own. */
      readonly host?: string;
      readonly stage: string;
      /** Name of the actor in the machine's `setup`. */
      readonly actor: string;
      /** Kind of the step runner, e.g. `docker.network`. */
      readonly kind: string;
      readonly input: Json;
    }
  | { readonly type: 'stop-step'; readonly step: StepId }
  | { readonly type: 'set-timer'; readonly timer: string; readonly deadline: number; readonly event: MachineEvent }
  | { readonly type: 'cancel-timer'; readonly timer: string }
  | { readonly type: 'log'; readonly message: Json }
  | { readonly type: 'emit'; readonly event: MachineEvent };

/** How a child workflow has ended for its parent. A failed step that the child itself handles does not count. */
export type ChildEnd = 'succeeded' | 'failed';

/** The end of a run that succeeded. */
export interface RunSuccess {
  readonly status: 'succeeded';
  readonly output: Json;
  /** Absent if the workflow proves nothing. */
  readonly proofs?: RecordedProofs;
}

/** How a run ended, as stored. */
export type RunEnd =
  | RunSuccess
  | {
      readonly status: 'failed' | 'rolled-back' | 'needs-attention';
      readonly output: null;
      readonly error: ErrorRecord;
    };

/**
 * A fact in the journal. The facts of a run, in the order of their commits, replay to its state; every table beside the journal is
 * derived from them in the same transaction.
 */
export type JournalEvent =
  /** A process began to advance the run: its first event. */
  | {
      readonly type: 'lease.taken';
      readonly purpose: 'start' | 'resume' | 'rollback';
      readonly owner: Owner;
      /** The stage after which this process pauses; null if it does not. */
      readonly pauseAfter: string | null;
      /** Set if an agent took the run over; an agent resumes it after an interruption, too. */
      readonly by?: 'agent';
      /** The dead process that held the lease; absent if it had been released, or this is the first. */
      readonly from?: Owner;
    }
  /** The run has a new private host. wf keeps the host once this is on disk, and trusts no other one. */
  | ({ readonly type: 'host.made' } & PrivateHostIdentity)
  /** The user has accepted another definition for the rest of the run. */
  | { readonly type: 'definition.accepted'; readonly definitionHash: DefinitionHash }
  /** A decision of the machine on an event (null: its start). */
  | {
      readonly type: 'decided';
      readonly event: MachineEvent | null;
      /** The timer that raised the event, and ends with it; absent if none did. */
      readonly timer?: string;
      readonly effects: readonly Effect[];
      /** The machine's state value after it, e.g. `{"setup":{"networks":"creating"}}`. */
      readonly value: Json;
      /** Those of its child workflows, by the id of their invocation; absent without any. */
      readonly children?: JsonObject;
      /** The ends of the child workflows that have ended with it, by the id of their invocation; absent without any. */
      readonly ended?: Readonly<Record<string, ChildEnd>>;
      /** Top-level states that are active after it. */
      readonly stages: readonly string[];
      /** SHA-256 over value, context, status, output and effects: a replay must give the same. */
      readonly digest: string;
    }
  /** The run continues from its failed and stopped steps, without some of its decisions. */
  | {
      readonly type: 'retried';
      /** The seqs of these decisions. */
      readonly voided: readonly number[];
      /** The steps that begin again, under their ids, and the timers of the state, which begin anew. */
      readonly effects: readonly Effect[];
      /** The machine's state value without these decisions, those of its child workflows, and its top-level states. */
      readonly value: Json;
      readonly children?: JsonObject;
      readonly stages: readonly string[];
    }
  | { readonly type: 'step.attempted'; readonly step: StepId; readonly attempt: number }
  | { readonly type: 'step.succeeded'; readonly step: StepId; readonly attempt: number; readonly output: Json }
  | {
      readonly type: 'step.retrying';
      readonly step: StepId;
      readonly attempt: number;
      readonly error: ErrorRecord;
      readonly retryAt: number;
    }
  | { readonly type: 'step.failed'; readonly step: StepId; readonly attempt: number; readonly error: ErrorRecord }
  /** The machine left the state that invoked it before it had an outcome. */
  | { readonly type: 'step.stopped'; readonly step: StepId; readonly attempt: number }
  | {
      readonly type: 'baseline.taken';
      readonly fingerprint: string;
      /** The facets in which a step of the workflow may alter more than it records; all if absent. */
      readonly arbitrary?: readonly Facet[] | undefined;
    }
  | { readonly type: 'change.intended'; readonly change: Change }
  | {
      readonly type: 'change.applied';
      readonly seq: number;
      readonly record: Json;
      readonly target: string;
      readonly undo: readonly string[];
    }
  /** The undo of a change has begun. */
  | { readonly type: 'change.reverting'; readonly seq: number }
  | {
      readonly type: 'change.settled';
      readonly seq: number;
      readonly status: Exclude<ChangeStatus, 'intended' | 'applied'>;
      readonly reason: string | null;
    }
  | { readonly type: 'verified'; readonly fingerprint: string | null; readonly verification: Verification }
  /** Somebody asks something of the run. The only event that a process without the lease appends. */
  | ({ readonly type: 'requested' } & RunRequest)
  /** The answer to the request with this seq, committed with all that it brought about. */
  | { readonly type: 'answered'; readonly request: number; readonly outcome: RequestOutcome }
  /** The run waits for one of these events, or for a timer. */
  | {
      readonly type: 'waiting';
      readonly events: readonly string[];
      readonly ask?: Ask;
      /** When its first timer is due, in milliseconds since the epoch; absent if it waits for no timer. */
      readonly until?: number;
    }
  /** The run paused after this stage, or on request (null): the next steps are decided, and none has begun. */
  | { readonly type: 'paused'; readonly stage: string | null }
  | { readonly type: 'interrupted'; readonly signal: string }
  /** A run that has to be confirmed is watched by this guard from now on, and must be unconfirmed by `applyBy`. */
  | { readonly type: 'armed'; readonly guard: Guard; readonly applyBy: BootDeadline }
  /** The machine has ended and the host is verified. The changes are undone at the deadline, unless somebody confirms the run. */
  | ({
      readonly type: 'unconfirmed';
      readonly deadline: BootDeadline;
      /** The newest login session at that moment; null if the kernel knows none. */
      readonly newestSession: number | null;
      /** The seqs of the changes that are kept until then. */
      readonly kept: readonly number[];
    } & Omit<RunSuccess, 'status'>)
  /** Somebody has moved the deadline of an unconfirmed run. */
  | { readonly type: 'extended'; readonly deadline: BootDeadline }
  /** The rollback has begun. */
  | {
      readonly type: 'rolling-back';
      /** The error that ended the run. */
      readonly error: ErrorRecord;
      /** Kept changes that are undone as well, by their seq. */
      readonly kept: readonly number[];
    }
  | ({ readonly type: 'ended' } & RunEnd);

/** The process that undoes an unconfirmed run if the process that advances it is gone. */
export type Guard =
  /** A unit of systemd, which outlives sessions and reboots. */
  | { readonly type: 'unit'; readonly name: string }
  /** A process in a session of its own, until the next reboot. */
  | { readonly type: 'process'; readonly process: Owner /** Why it is not a unit. */; readonly reason: string }
  /** None, as the user chose. */
  | { readonly type: 'none' };

/** How a run has to be confirmed. */
export interface ConfirmRule {
  /** The time to confirm, from the verification of the host. */
  readonly withinMs: number;
  /** The time from the start until the run must be unconfirmed. */
  readonly applyWithinMs: number;
  /** Whether the confirmation must come from a login session that began after the change. */
  readonly newSession: boolean;
  /** The invoke id of a probe that must pass as well; null if none. */
  readonly probe: string | null;
  /** Whether a guard watches the run. */
  readonly guard: boolean;
}

/** A question that a state of the machine asks people. */
export interface Ask {
  readonly title: string;
  readonly text: string;
  /** The events that answer it, by type, each with the words of its button. */
  readonly events: Readonly<Record<string, { readonly label: string }>>;
}

export interface JournalEntry {
  /** Position in the run's journal, from 1, without gaps. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly event: JournalEvent;
}

/** The facts with which a run is created; they never change. */
export interface RunHeader {
  readonly id: RunId;
  readonly workflow: string;
  readonly definitionHash: DefinitionHash;
  readonly runtime: RuntimeName;
  readonly input: JsonObject;
  readonly options: RunOptions;
  readonly createdAt: number;
  /** Absent in a run that was imported, or has no steps. */
  readonly place?: RunPlace;
}

export interface RunOptions {
  readonly onFailure: 'rollback' | 'keep';
  readonly pauseAfter: string | null;
  /** The absolute path of the workflow, if the run was started with a file and not with a name. */
  readonly file?: string;
  /** Absent if the run need not be confirmed. */
  readonly confirm?: ConfirmRule;
  /** The rolled-back run that this one starts anew; absent in any other run. */
  readonly retryOf?: RunId;
  /** Set if an agent resumes the run when its process is gone. */
  readonly resume?: 'auto';
  /**
   * The command that is run when the run needs people, with the path of its program; null if the user wants none, whatever the workflow
   * has; absent if neither has one.
   */
  readonly notify?: Argv | null;
  /**
   * The secret inputs, for which `input` has placeholders, each with the source of its value (`env:VARIABLE`, `file:PATH`), which a
   * resume reads again; null if the value was typed.
   */
  readonly secrets?: Readonly<Record<string, string | null>>;
  /** The plan that the run carries out; absent if it was started without one. */
  readonly plan?: PlanId;
  /** The named hosts of the run; absent if it has none. */
  readonly hosts?: NamedHosts;
}
