import type { Change } from '../engine/change.ts';
import type { ErrorRecord } from '../engine/errors.ts';
import type { DefinitionHash, StepId } from '../engine/ids.ts';
import type { Effect, JournalEntry, JournalEvent } from '../engine/journal-event.ts';
import type { Json } from '../engine/json.ts';
import type { StepStatus, StoredRunStatus } from '../engine/ports/history.ts';

/** One alteration of the rows beside the journal. Times are milliseconds since the epoch. */
export type RowOperation =
  /** Only the first of a run has an effect. */
  | { readonly type: 'begin-run'; readonly at: number }
  /** Ends waiting and pausing; leaves every other status as it is. */
  | { readonly type: 'go-on' }
  | { readonly type: 'set-run-status'; readonly status: 'waiting' | 'paused' }
  /** An end that the run had come to is none any more. Without an error, the one that is stored stays. */
  | { readonly type: 'roll-back-run'; readonly error: ErrorRecord | null }
  | { readonly type: 'set-definition'; readonly definitionHash: DefinitionHash }
  | {
      readonly type: 'end-run';
      readonly status: StoredRunStatus;
      readonly output: Json;
      readonly error: ErrorRecord | null;
      readonly at: number;
    }
  | {
      readonly type: 'start-step';
      readonly step: StepId;
      readonly stage: string;
      readonly kind: string;
      readonly input: Json;
      readonly at: number;
    }
  /** Only a step without an end can be altered: a completed step never runs again. */
  | {
      readonly type: 'alter-step';
      readonly step: StepId;
      readonly status: StepStatus;
      readonly attempt: number;
      /** Null leaves it as it is. */
      readonly startedAt: number | null;
      readonly output: Json;
      readonly error: ErrorRecord | null;
      readonly finishedAt: number | null;
    }
  /** An intent that is renewed takes the place of the earlier one. */
  | { readonly type: 'intend-change'; readonly change: Change }
  | Extract<JournalEvent, { readonly type: 'change.applied' }>
  | Extract<JournalEvent, { readonly type: 'change.settled' }>;

const GO_ON: RowOperation = { type: 'go-on' };

/**
 * What a journal entry does to the rows beside the journal. Pure, and the only place where that is said: the store applies it in
 * the transaction that appends the entry, and {@link rebuildProjection} applies it to nothing.
 *
 * `interrupted` only ends waiting and pausing: whether a run is interrupted is derived from its lease, which it gives up.
 * `verified` is read from the journal itself.
 */
export function project({ at, event }: JournalEntry): readonly RowOperation[] {
  switch (event.type) {
    case 'lease.taken':
    case 'interrupted':
      return [GO_ON];
    case 'definition.accepted':
      return [{ type: 'set-definition', definitionHash: event.definitionHash }];
    case 'decided':
      return [{ type: 'begin-run', at }, GO_ON, ...event.effects.flatMap((effect) => ofEffect(effect, at))];
    case 'step.attempted':
      // A first attempt of its own is that of a step which was decided and not begun: the run paused in between.
      return [GO_ON, stepGoesOn(event, 'running', null, event.attempt === 1 ? at : null)];
    case 'step.retrying':
      return [GO_ON, stepGoesOn(event, 'retrying', event.error, null)];
    case 'step.succeeded':
      return [GO_ON, stepEnds(event, 'succeeded', event.output, null, at)];
    case 'step.failed':
      return [GO_ON, stepEnds(event, 'failed', null, event.error, at)];
    case 'step.stopped':
      return [GO_ON, stepEnds(event, 'stopped', null, null, at)];
    case 'change.intended':
      return [{ type: 'intend-change', change: event.change }];
    case 'change.applied':
    case 'change.settled':
      return [event];
    case 'waiting':
    case 'paused':
      return [{ type: 'set-run-status', status: event.type }];
    case 'rolling-back':
      return [{ type: 'roll-back-run', error: event.error }];
    case 'ended': {
      const error = 'error' in event ? event.error : null;
      return [{ type: 'end-run', status: event.status, output: event.output, error, at }];
    }
    case 'baseline.taken':
    case 'change.reverting':
    case 'verified':
      return [];
  }
}

function ofEffect(effect: Effect, at: number): readonly RowOperation[] {
  if (effect.type !== 'start-step') return [];
  const { step, stage, kind, input } = effect;
  return [{ type: 'start-step', step, stage, kind, input, at }];
}

/** Of what an entry tells that is about an attempt at a step. */
type Attempt = { readonly step: StepId; readonly attempt: number };

function stepGoesOn(
  { step, attempt }: Attempt,
  status: StepStatus,
  error: ErrorRecord | null,
  startedAt: number | null,
): RowOperation {
  return { type: 'alter-step', step, status, attempt, startedAt, output: null, error, finishedAt: null };
}

function stepEnds(
  { step, attempt }: Attempt,
  status: StepStatus,
  output: Json,
  error: ErrorRecord | null,
  finishedAt: number,
): RowOperation {
  return { type: 'alter-step', step, status, attempt, startedAt: null, output, error, finishedAt };
}
