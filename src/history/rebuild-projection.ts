import { type Change, isInPlace } from '../engine/change.ts';
import type { DefinitionHash, StepId } from '../engine/ids.ts';
import type { JournalEntry } from '../engine/journal-event.ts';
import { ledgerAfter } from '../engine/ledger-events.ts';
import type { StoredRun, StoredStep } from '../engine/ports/history.ts';
import { type ChangeApplied, type ChangeSettled, type ProjectedRows, project } from './projector.ts';

/** What the tables beside the journal hold of one run. */
export interface Projection {
  readonly run: Pick<StoredRun, 'status' | 'startedAt' | 'finishedAt' | 'output' | 'error' | 'changesInPlace'>;
  /** What the run goes on under; null where that is still the definition that it was created with. */
  readonly acceptedDefinition: DefinitionHash | null;
  readonly steps: readonly StoredStep[];
  readonly changes: readonly Change[];
}

/**
 * What the tables must hold of a run with this journal. Pure; for checks that they do.
 * Undefined where an entry does not follow from those before it: the store refuses such an entry.
 */
export function rebuildProjection(journal: readonly JournalEntry[]): Projection | undefined {
  let run: Omit<Projection['run'], 'changesInPlace'> = {
    status: 'running',
    startedAt: null,
    finishedAt: null,
    output: null,
    error: null,
  };
  let acceptedDefinition: DefinitionHash | null = null;
  const steps = new Map<string, StoredStep>();
  let changes: readonly Change[] = [];

  function alterStep(id: StepId, alteration: Partial<StoredStep>): boolean {
    const step = steps.get(id);
    if (step === undefined || step.finishedAt !== null) return false;
    steps.set(id, { ...step, ...alteration });
    return true;
  }

  function alterChange(event: ChangeApplied | ChangeSettled): boolean {
    const known = changes.some(({ seq }) => seq === event.seq);
    changes = ledgerAfter(changes, event);
    return known;
  }

  const rows: ProjectedRows = {
    beginRun(at) {
      run = { ...run, startedAt: run.startedAt ?? at };
    },
    goOn() {
      if (run.status === 'waiting' || run.status === 'paused') run = { ...run, status: 'running' };
    },
    setRunStatus(status) {
      run = { ...run, status, finishedAt: null };
      return true;
    },
    rollBackRun(error) {
      run = { ...run, status: 'rolling-back', finishedAt: null, error: error ?? run.error };
      return true;
    },
    setDefinition(hash) {
      acceptedDefinition = hash;
      return true;
    },
    endRun(status, output, error, at) {
      run = { ...run, status, output, error, finishedAt: at };
      return true;
    },
    startStep({ step: id, stage, kind, input }, at) {
      if (steps.has(id)) return false;
      const begun = { status: 'running', attempts: 1, startedAt: at, finishedAt: null } as const;
      steps.set(id, { id, stage, kind, input, ...begun, output: null, error: null });
      return true;
    },
    stepGoesOn: ({ step, attempt }, status, error, startedAt) =>
      alterStep(step, {
        status,
        attempts: attempt,
        ...(startedAt === null ? {} : { startedAt }),
        output: null,
        error,
        finishedAt: null,
      }),
    stepEnds: ({ step, attempt }, status, output, error, at) =>
      alterStep(step, { status, attempts: attempt, output, error, finishedAt: at }),
    intendChange(change) {
      changes = ledgerAfter(changes, { type: 'change.intended', change });
    },
    applyChange: alterChange,
    settleChange: alterChange,
  };

  for (const entry of journal) if (project(entry, rows) !== undefined) return undefined;
  return {
    run: { ...run, changesInPlace: changes.filter(isInPlace).length },
    acceptedDefinition,
    steps: [...steps.values()],
    changes: [...changes].sort((a, b) => a.seq - b.seq),
  };
}
