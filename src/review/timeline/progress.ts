import type { ChangeStatus } from '../../engine/model/change.ts';
import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { StepId } from '../../engine/model/ids.ts';
import type { Effect, JournalEntry } from '../../engine/model/journal-event.ts';
import { followStages, NO_VISITS, type StageVisits } from '../record/steps/stage-visits.ts';
import { type IdlePeriod, idleBefore, isOfRequest } from './idle-time.ts';

export interface StepProgress {
  readonly id: StepId;
  readonly stage: string;
  readonly kind: string;
  /** `pending`: decided, and not begun before the run paused or was asked to stop; `interrupted`: its process is gone. */
  readonly status: 'pending' | 'running' | 'interrupted' | 'retrying' | 'succeeded' | 'failed' | 'stopped';
  readonly attempt: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly error: ErrorRecord | null;
}

export interface ChangeProgress {
  readonly target: string;
  readonly title?: string;
  readonly status: ChangeStatus;
}

/** The progress of a run by its journal entries so far. */
export interface Progress {
  readonly visits: StageVisits;
  /** In the order in which they began. */
  readonly steps: ReadonlyMap<StepId, StepProgress>;
  /** By position in the ledger. */
  readonly changes: ReadonlyMap<number, ChangeProgress>;
  readonly phase: 'advancing' | 'waiting' | 'unconfirmed' | 'paused' | 'rolling-back' | 'interrupted' | 'ended';
  /** Periods in which nobody advanced the run. */
  readonly idle: readonly IdlePeriod[];
  /** The stage after which the run paused last. */
  readonly pausedAfter: string | null;
}

export interface ProgressFollower {
  /** Takes the next journal entry. */
  follow(entry: JournalEntry): void;
  /** The current progress, updated in place: the cost of an entry does not grow with the run. */
  readonly progress: Progress;
}

/** Follows a run by its journal entries. */
export function createProgressFollower(): ProgressFollower {
  const steps = new Map<StepId, StepProgress>();
  const changes = new Map<number, ChangeProgress>();
  const idle: IdlePeriod[] = [];
  let visits = NO_VISITS;
  let phase: Progress['phase'] = 'advancing';
  let pausedAfter: string | null = null;
  let isRollingBack = false;
  let previous: JournalEntry | undefined;

  const alterStep = (id: StepId, update: Partial<StepProgress>) => {
    const step = steps.get(id);
    if (step !== undefined) steps.set(id, { ...step, ...update });
  };
  const alterChange = (seq: number, update: Partial<ChangeProgress>) => {
    const earlier = changes.get(seq) ?? { target: `change ${seq}`, status: 'intended' };
    changes.set(seq, { ...earlier, ...update });
  };
  const leaveRunningSteps = (status: 'pending' | 'interrupted') => {
    for (const step of steps.values()) if (step.status === 'running') alterStep(step.id, { status });
  };

  function takeOver(entry: JournalEntry, purpose: 'start' | 'resume' | 'rollback'): void {
    const period = idleBefore(entry, previous);
    if (period !== undefined) idle.push(period);
    leaveRunningSteps('interrupted');
    isRollingBack ||= purpose === 'rollback';
    phase = isRollingBack ? 'rolling-back' : 'advancing';
  }

  function take(entry: JournalEntry): void {
    const { event, at } = entry;
    switch (event.type) {
      case 'lease.taken':
        takeOver(entry, event.purpose);
        return;
      case 'decided':
        visits = followStages(visits, entry, idle);
        phase = 'advancing';
        for (const effect of event.effects) if (effect.type === 'start-step') steps.set(effect.step, begun(effect, at));
        return;
      case 'retried':
        visits = followStages(visits, entry, idle);
        phase = 'advancing';
        for (const effect of event.effects) {
          if (effect.type === 'start-step')
            alterStep(effect.step, { status: 'pending', finishedAt: null, error: null });
        }
        return;
      case 'step.attempted': {
        const began = event.attempt === 1 ? { startedAt: at } : {};
        alterStep(event.step, { status: 'running', attempt: event.attempt, error: null, ...began });
        return;
      }
      case 'step.succeeded':
        alterStep(event.step, { status: 'succeeded', finishedAt: at });
        return;
      case 'step.retrying':
        alterStep(event.step, { status: 'retrying', error: event.error });
        return;
      case 'step.failed':
        alterStep(event.step, { status: 'failed', finishedAt: at, error: event.error });
        return;
      case 'step.stopped':
        alterStep(event.step, { status: 'stopped', finishedAt: at });
        return;
      case 'change.intended': {
        const { target, title } = event.change;
        alterChange(event.change.seq, { target, ...(title === undefined ? {} : { title }), status: 'intended' });
        return;
      }
      case 'change.applied':
        alterChange(event.seq, { target: event.target, status: 'applied' });
        return;
      case 'change.settled':
        alterChange(event.seq, { status: event.status });
        return;
      case 'paused':
      case 'interrupted':
        // Both follow the outcomes of all running steps.
        leaveRunningSteps('pending');
        if (event.type === 'paused') pausedAfter = event.stage;
        phase = event.type;
        return;
      case 'rolling-back':
        isRollingBack = true;
        phase = event.type;
        return;
      case 'waiting':
      case 'unconfirmed':
      case 'ended':
        phase = event.type;
        return;
      case 'requested':
      case 'answered':
      case 'definition.accepted':
      case 'baseline.taken':
      case 'change.reverting':
      case 'verified':
      case 'armed':
      case 'extended':
        return;
    }
  }

  return {
    progress: {
      steps,
      changes,
      idle,
      get visits() {
        return visits;
      },
      get phase() {
        return phase;
      },
      get pausedAfter() {
        return pausedAfter;
      },
    },
    follow(entry) {
      take(entry);
      if (!isOfRequest(entry)) previous = entry;
    },
  };
}

function begun({ step: id, stage, kind }: Extract<Effect, { type: 'start-step' }>, at: number): StepProgress {
  return { id, stage, kind, status: 'running', attempt: 1, startedAt: at, finishedAt: null, error: null };
}
