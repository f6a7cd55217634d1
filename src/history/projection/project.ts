import type { Change } from '../../engine/change.ts';
import type { ErrorRecord } from '../../engine/errors.ts';
import type { DefinitionHash, StepId } from '../../engine/ids.ts';
import type { Effect, JournalEntry, JournalEvent } from '../../engine/journal-event.ts';
import type { Json } from '../../engine/json.ts';
import type { StepStatus, StoredRunStatus } from '../../engine/ports/history.ts';

export type StartStep = Extract<Effect, { readonly type: 'start-step' }>;
export type ChangeApplied = Extract<JournalEvent, { readonly type: 'change.applied' }>;
export type ChangeSettled = Extract<JournalEvent, { readonly type: 'change.settled' }>;

/** Of what an entry tells that is about an attempt at a step. */
export interface Attempt {
  readonly step: StepId;
  readonly attempt: number;
}

/**
 * The rows of one run beside its journal, and all that an entry may do to them. False where the row that it needs is not there, or
 * not in a state that allows it. Times are milliseconds since the epoch.
 */
export interface ProjectedRows {
  /** Only the first of a run has an effect. */
  beginRun(at: number): void;
  /** Ends waiting and pausing; leaves every other status as it is. */
  goOn(): void;
  setRunStatus(status: 'waiting' | 'paused'): boolean;
  /** An end that the run had come to is none any more. Without an error, the one that is stored stays. */
  rollBackRun(error: ErrorRecord | null): boolean;
  setDefinition(hash: DefinitionHash): boolean;
  endRun(status: StoredRunStatus, output: Json, error: ErrorRecord | null, at: number): boolean;
  startStep(start: StartStep, at: number): boolean;
  /** Only a step without an end can be altered: a completed step never runs again. @param startedAt null leaves it as it is */
  stepGoesOn(of: Attempt, status: StepStatus, error: ErrorRecord | null, startedAt: number | null): boolean;
  stepEnds(of: Attempt, status: StepStatus, output: Json, error: ErrorRecord | null, at: number): boolean;
  /** An intent that is renewed takes the place of the earlier one. */
  intendChange(change: Change): void;
  applyChange(event: ChangeApplied): boolean;
  settleChange(event: ChangeSettled): boolean;
}

/**
 * What a journal entry does to the rows beside the journal. The only place where that is said: the store has it done to its tables
 * in the transaction that appends the entry, and {@link rebuildProjection} to rows that begin with nothing. Answers what the entry
 * does not follow from (`run`, `step a`, `change 1`); undefined where all of it was done.
 *
 * `interrupted` only ends waiting and pausing: whether a run is interrupted is derived from its lease, which it gives up.
 * `verified` is read from the journal itself.
 */
export function project({ at, event }: JournalEntry, rows: ProjectedRows): string | undefined {
  switch (event.type) {
    case 'lease.taken':
    case 'interrupted':
      rows.goOn();
      return undefined;
    case 'definition.accepted':
      return rows.setDefinition(event.definitionHash) ? undefined : 'run';
    case 'decided':
      rows.beginRun(at);
      rows.goOn();
      for (const effect of event.effects) {
        if (effect.type === 'start-step' && !rows.startStep(effect, at)) return `step ${effect.step}`;
      }
      return undefined;
    case 'step.attempted':
    case 'step.retrying':
    case 'step.succeeded':
    case 'step.failed':
    case 'step.stopped':
      rows.goOn();
      return altersStep(event, rows, at) ? undefined : `step ${event.step}`;
    case 'change.intended':
      rows.intendChange(event.change);
      return undefined;
    case 'change.applied':
      return rows.applyChange(event) ? undefined : `change ${event.seq}`;
    case 'change.settled':
      return rows.settleChange(event) ? undefined : `change ${event.seq}`;
    case 'waiting':
    case 'paused':
      return rows.setRunStatus(event.type) ? undefined : 'run';
    case 'rolling-back':
      return rows.rollBackRun(event.error) ? undefined : 'run';
    case 'ended': {
      const error = 'error' in event ? event.error : null;
      return rows.endRun(event.status, event.output, error, at) ? undefined : 'run';
    }
    case 'host.made':
    case 'baseline.taken':
    case 'change.reverting':
    case 'verified':
      return undefined;
  }
}

type StepEvent = Extract<JournalEvent, { readonly type: `step.${string}` }>;

function altersStep(event: StepEvent, rows: ProjectedRows, at: number): boolean {
  switch (event.type) {
    case 'step.attempted':
      // A first attempt of its own is that of a step which was decided and not begun: the run paused in between.
      return rows.stepGoesOn(event, 'running', null, event.attempt === 1 ? at : null);
    case 'step.retrying':
      return rows.stepGoesOn(event, 'retrying', event.error, null);
    case 'step.succeeded':
      return rows.stepEnds(event, 'succeeded', event.output, null, at);
    case 'step.failed':
      return rows.stepEnds(event, 'failed', null, event.error, at);
    case 'step.stopped':
      return rows.stepEnds(event, 'stopped', null, null, at);
  }
}
