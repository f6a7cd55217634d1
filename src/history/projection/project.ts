import type { Change } from '../../engine/model/change.ts';
import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { DefinitionHash, StepId } from '../../engine/model/ids.ts';
import type { Effect, JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';
import type { Json } from '../../engine/model/json.ts';
import type { StepStatus, StoredRunStatus } from '../../engine/ports/history.ts';

export type StartStep = Extract<Effect, { readonly type: 'start-step' }>;
export type ChangeApplied = Extract<JournalEvent, { readonly type: 'change.applied' }>;
export type ChangeSettled = Extract<JournalEvent, { readonly type: 'change.settled' }>;

/** An attempt at a step. */
export interface Attempt {
  readonly step: StepId;
  readonly attempt: number;
}

/**
 * The rows derived from the journal of one run, with all updates that an entry may make to them. An update returns false if the row
 * that it needs is missing, or is in a state that does not allow the update. Times are milliseconds since the epoch.
 */
export interface ProjectedRows {
  /** Sets the start of the run, unless it is set. */
  beginRun(at: number): void;
  /** Sets whether an agent resumes the run if it is interrupted: the run was started so, or an agent has taken it over. */
  takeLease(byAgent: boolean): void;
  /** Sets a waiting or paused run to running; leaves every other status as it is. */
  resumeRun(): void;
  /** @param dueAt when the first timer of a waiting run is due, or an unconfirmed run is undone; null for none */
  setRunStatus(status: 'waiting' | 'paused' | 'unconfirmed', dueAt: number | null): boolean;
  /** Revokes the end of the run, if it had one. Without an error, the stored one stays. */
  rollBackRun(error: ErrorRecord | null): boolean;
  setDefinition(hash: DefinitionHash): boolean;
  endRun(status: StoredRunStatus, output: Json, error: ErrorRecord | null, at: number): boolean;
  /** Revokes the end of the run. */
  retryRun(): boolean;
  startStep(start: StartStep, at: number): boolean;
  /** Revokes the end of a step that begins again. */
  restartStep(start: StartStep): boolean;
  /** Updates a step that has not ended: a completed step never runs again. @param startedAt null leaves it as it is */
  continueStep(of: Attempt, status: StepStatus, error: ErrorRecord | null, startedAt: number | null): boolean;
  endStep(of: Attempt, status: StepStatus, output: Json, error: ErrorRecord | null, at: number): boolean;
  /** Adds a change, or replaces the earlier intent with the same seq. */
  intendChange(change: Change): void;
  applyChange(event: ChangeApplied): boolean;
  settleChange(event: ChangeSettled): boolean;
  openRequest(seq: number): void;
  /** Returns false if there is no such request without an answer. */
  answerRequest(seq: number): boolean;
}

/**
 * Applies a journal entry to the rows beside the journal. It is the only definition of what an entry means for them. Returns the row
 * that the entry needs and does not find (`run`, `step a`, `change 1`); undefined if all updates succeeded.
 *
 * `interrupted` only ends waiting and pausing: whether a run is interrupted is derived from its lease. `verified` is read from the
 * journal itself.
 */
export function project({ seq, at, event }: JournalEntry, rows: ProjectedRows): string | undefined {
  switch (event.type) {
    case 'lease.taken':
      rows.takeLease(event.by === 'agent');
      rows.resumeRun();
      return undefined;
    case 'interrupted':
      rows.resumeRun();
      return undefined;
    case 'definition.accepted':
      return rows.setDefinition(event.definitionHash) ? undefined : 'run';
    case 'decided':
      rows.beginRun(at);
      rows.resumeRun();
      for (const effect of event.effects) {
        if (effect.type === 'start-step' && !rows.startStep(effect, at)) return `step ${effect.step}`;
      }
      return undefined;
    case 'retried': {
      if (!rows.retryRun()) return 'run';
      const starts = event.effects.filter((effect) => effect.type === 'start-step');
      const missing = starts.find((start) => !rows.restartStep(start));
      return missing && `step ${missing.step}`;
    }
    case 'step.attempted':
    case 'step.retrying':
    case 'step.succeeded':
    case 'step.failed':
    case 'step.stopped':
      rows.resumeRun();
      return projectStep(event, rows, at) ? undefined : `step ${event.step}`;
    case 'change.intended':
      rows.intendChange(event.change);
      return undefined;
    case 'change.applied':
      return rows.applyChange(event) ? undefined : `change ${event.seq}`;
    case 'change.settled':
      return rows.settleChange(event) ? undefined : `change ${event.seq}`;
    case 'requested':
      rows.openRequest(seq);
      return undefined;
    case 'answered':
      return rows.answerRequest(event.request) ? undefined : `request ${event.request}`;
    case 'waiting':
      return rows.setRunStatus('waiting', event.until ?? null) ? undefined : 'run';
    case 'paused':
      return rows.setRunStatus('paused', null) ? undefined : 'run';
    case 'unconfirmed':
    case 'extended':
      return rows.setRunStatus('unconfirmed', event.deadline.at) ? undefined : 'run';
    case 'rolling-back':
      return rows.rollBackRun(event.error) ? undefined : 'run';
    case 'ended': {
      const error = 'error' in event ? event.error : null;
      return rows.endRun(event.status, event.output, error, at) ? undefined : 'run';
    }
    case 'armed':
    case 'host.made':
    case 'baseline.taken':
    case 'change.reverting':
    case 'verified':
      return undefined;
  }
}

type StepEvent = Extract<JournalEvent, { readonly type: `step.${string}` }>;

function projectStep(event: StepEvent, rows: ProjectedRows, at: number): boolean {
  switch (event.type) {
    case 'step.attempted':
      // A separate first attempt means that the run paused between the decision to start the step and its start.
      return rows.continueStep(event, 'running', null, event.attempt === 1 ? at : null);
    case 'step.retrying':
      return rows.continueStep(event, 'retrying', event.error, null);
    case 'step.succeeded':
      return rows.endStep(event, 'succeeded', event.output, null, at);
    case 'step.failed':
      return rows.endStep(event, 'failed', null, event.error, at);
    case 'step.stopped':
      return rows.endStep(event, 'stopped', null, null, at);
  }
}
