import { type Change, stands } from '../engine/change.ts';
import type { DefinitionHash } from '../engine/ids.ts';
import type { JournalEntry } from '../engine/journal-event.ts';
import { ledgerAfter } from '../engine/ledger-events.ts';
import type { StoredRun, StoredStep } from '../engine/ports/history.ts';
import { project, type RowOperation } from './projector.ts';

/** What the tables beside the journal hold of one run. */
export interface Projection {
  readonly run: Pick<StoredRun, 'status' | 'startedAt' | 'finishedAt' | 'output' | 'error' | 'standingChanges'>;
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
  let run: Omit<Projection['run'], 'standingChanges'> = {
    status: 'running',
    startedAt: null,
    finishedAt: null,
    output: null,
    error: null,
  };
  let acceptedDefinition: DefinitionHash | null = null;
  const steps = new Map<string, StoredStep>();
  let changes: readonly Change[] = [];

  const apply = (operation: RowOperation): boolean => {
    switch (operation.type) {
      case 'begin-run':
        run = { ...run, startedAt: run.startedAt ?? operation.at };
        return true;
      case 'go-on':
        if (run.status === 'waiting' || run.status === 'paused') run = { ...run, status: 'running' };
        return true;
      case 'set-run-status':
        run = { ...run, status: operation.status, finishedAt: null };
        return true;
      case 'roll-back-run':
        run = { ...run, status: 'rolling-back', finishedAt: null, error: operation.error ?? run.error };
        return true;
      case 'set-definition':
        acceptedDefinition = operation.definitionHash;
        return true;
      case 'end-run': {
        const { status, output, error, at } = operation;
        run = { ...run, status, output, error, finishedAt: at };
        return true;
      }
      case 'start-step': {
        const { step: id, stage, kind, input, at } = operation;
        if (steps.has(id)) return false;
        const begun = { status: 'running', attempts: 1, startedAt: at, finishedAt: null } as const;
        steps.set(id, { id, stage, kind, input, ...begun, output: null, error: null });
        return true;
      }
      case 'alter-step': {
        const step = steps.get(operation.step);
        if (step === undefined || step.finishedAt !== null) return false;
        const { status, attempt, output, error, finishedAt } = operation;
        const startedAt = operation.startedAt ?? step.startedAt;
        steps.set(step.id, { ...step, status, attempts: attempt, startedAt, output, error, finishedAt });
        return true;
      }
      case 'intend-change':
        changes = ledgerAfter(changes, { type: 'change.intended', change: operation.change });
        return true;
      case 'change.applied':
      case 'change.settled': {
        const known = changes.some(({ seq }) => seq === operation.seq);
        changes = ledgerAfter(changes, operation);
        return known;
      }
    }
  };

  for (const entry of journal) {
    for (const operation of project(entry)) {
      if (!apply(operation)) return undefined;
    }
  }
  return {
    run: { ...run, standingChanges: changes.filter(stands).length },
    acceptedDefinition,
    steps: [...steps.values()],
    changes: [...changes].sort((a, b) => a.seq - b.seq),
  };
}
