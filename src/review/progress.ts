import type { ChangeStatus } from '../engine/change.ts';
import type { ErrorRecord } from '../engine/errors.ts';
import type { StepId } from '../engine/ids.ts';
import type { Effect, JournalEntry } from '../engine/journal-event.ts';
import { followStages, NO_VISITS, type StageVisits } from './stage-visits.ts';

export interface StepProgress {
  readonly id: StepId;
  readonly stage: string;
  readonly kind: string;
  readonly status: 'running' | 'retrying' | 'succeeded' | 'failed' | 'stopped';
  readonly attempt: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly error: ErrorRecord | null;
}

export interface ChangeProgress {
  readonly target: string;
  readonly status: ChangeStatus;
}

/** How far a run is: what its journal entries so far come to. */
export interface Progress {
  readonly visits: StageVisits;
  /** In the order in which they were begun. */
  readonly steps: ReadonlyMap<StepId, StepProgress>;
  /** By position in the ledger. */
  readonly changes: ReadonlyMap<number, ChangeProgress>;
  readonly phase: 'advancing' | 'waiting' | 'rolling-back' | 'interrupted' | 'ended';
}

export interface ProgressFollower {
  /** Takes the next journal entry. */
  follow(entry: JournalEntry): void;
  /** Always the present one: it is altered in place, so that long runs cost no more than short ones. */
  readonly progress: Progress;
}

/** Follows a run by its journal entries. */
export function createProgressFollower(): ProgressFollower {
  const steps = new Map<StepId, StepProgress>();
  const changes = new Map<number, ChangeProgress>();
  let visits = NO_VISITS;
  let phase: Progress['phase'] = 'advancing';

  const alterStep = (id: StepId, news: Partial<StepProgress>) => {
    const step = steps.get(id);
    if (step !== undefined) steps.set(id, { ...step, ...news });
  };
  const alterChange = (seq: number, news: Partial<ChangeProgress>) => {
    const earlier = changes.get(seq) ?? { target: `change ${seq}`, status: 'intended' };
    changes.set(seq, { ...earlier, ...news });
  };

  return {
    progress: {
      steps,
      changes,
      get visits() {
        return visits;
      },
      get phase() {
        return phase;
      },
    },
    follow(entry) {
      const { event, at } = entry;
      switch (event.type) {
        case 'decided':
          visits = followStages(visits, entry);
          phase = 'advancing';
          for (const effect of event.effects)
            if (effect.type === 'start-step') steps.set(effect.step, begun(effect, at));
          return;
        case 'step.attempted':
          return alterStep(event.step, { status: 'running', attempt: event.attempt, error: null });
        case 'step.succeeded':
          return alterStep(event.step, { status: 'succeeded', finishedAt: at });
        case 'step.retrying':
          return alterStep(event.step, { status: 'retrying', error: event.error });
        case 'step.failed':
          return alterStep(event.step, { status: 'failed', finishedAt: at, error: event.error });
        case 'step.stopped':
          return alterStep(event.step, { status: 'stopped', finishedAt: at });
        case 'change.intended':
          return alterChange(event.change.seq, { target: event.change.target, status: 'intended' });
        case 'change.applied':
          return alterChange(event.seq, { target: event.target, status: 'applied' });
        case 'change.settled':
          return alterChange(event.seq, { status: event.status });
        case 'rolling-back':
        case 'waiting':
        case 'interrupted':
        case 'ended':
          phase = event.type;
          return;
        case 'baseline.taken':
        case 'change.reverting':
        case 'verified':
          return;
      }
    },
  };
}

function begun({ step: id, stage, kind }: Extract<Effect, { type: 'start-step' }>, at: number): StepProgress {
  return { id, stage, kind, status: 'running', attempt: 1, startedAt: at, finishedAt: null, error: null };
}
