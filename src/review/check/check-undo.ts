import type { UndoOfStep } from '../../engine/machine/undo-of-step.ts';
import type { Finding } from './finding.ts';

/** Finds that the change of a step cannot be undone, or that a dry run cannot show how. */
export function checkUndo(invoke: string, kind: string, undo: UndoOfStep): readonly Finding[] {
  const where = [invoke];
  switch (undo) {
    case 'known':
      return [];
    case 'none':
      return [
        {
          check: 'no-undo',
          severity: 'error',
          where,
          message: 'its change cannot be undone: a rollback leaves it in place, and the run needs attention',
          hint: "Add an `undo` to its input; use `undo: ['true']` for a command that leaves nothing behind.",
        },
      ];
    case 'not rehearsed':
      return [
        {
          check: 'undo-not-named',
          severity: 'warning',
          where,
          message: `a dry run cannot show how its change is undone: ${kind} rehearses no undo`,
          hint: 'Add `rehearseUndo` to the step runner, unless its change vanishes with another one.',
        },
      ];
  }
}
