import { WfError } from '../engine/errors.ts';
import type { JournalEvent } from '../engine/journal-event.ts';
import type { Json } from '../engine/json.ts';
import type { RowOperation } from './projector.ts';
import type { Statements } from './statements.ts';

/** A run's row, and what is known of it while entries are appended: most of them leave it as it is, and then it is not written. */
export interface RunRow {
  readonly number: number;
  /** Whether it has a start. */
  hasBegun: boolean;
  /** Whether it is `waiting` or `paused`. */
  isResting: boolean;
}

/**
 * Carries out what the projector says, inside the transaction that appends the event.
 * @throws WfError E_INTERNAL where the event does not follow from what is stored; then the whole batch is refused.
 */
export function applyOperation(
  statements: Statements,
  row: RunRow,
  operation: RowOperation,
  event: JournalEvent,
): void {
  if (altersRows(statements, row, operation)) return;
  const subject =
    'step' in operation ? `step ${operation.step}` : 'seq' in operation ? `change ${operation.seq}` : 'run';
  throw new WfError('E_INTERNAL', `the event ${event.type} does not follow from the journal: ${subject}`, {
    hint: 'This is a defect in wf: nothing was written. Report it with the journal of the run (`wf show --json`).',
    details: { event: event.type, operation: operation.type },
  });
}

/** False where the row that the operation needs is not there, or not in a state that allows it. */
function altersRows(statements: Statements, row: RunRow, operation: RowOperation): boolean {
  const run = row.number;
  switch (operation.type) {
    case 'begin-run':
      if (!row.hasBegun) statements.beginRun.run({ run, at: operation.at });
      row.hasBegun = true;
      return true;
    case 'go-on':
      if (row.isResting) statements.goOn.run({ run });
      row.isResting = false;
      return true;
    case 'set-run-status':
      row.isResting = true;
      return statements.setRunStatus.run({ run, status: operation.status }).changes === 1;
    case 'roll-back-run':
      row.isResting = false;
      return statements.rollBackRun.run({ run, error: textOrNull(operation.error) }).changes === 1;
    case 'set-definition':
      return statements.setDefinition.run({ run, hash: operation.definitionHash }).changes === 1;
    case 'end-run': {
      row.isResting = operation.status === 'waiting' || operation.status === 'paused';
      const { status, at } = operation;
      const columns = { run, status, output: textOrNull(operation.output), error: textOrNull(operation.error), at };
      return statements.endRun.run(columns).changes === 1;
    }
    case 'start-step': {
      const { step, stage, kind, at } = operation;
      return statements.insertStep.run(run, step, stage, kind, at, JSON.stringify(operation.input)).changes === 1;
    }
    case 'alter-step': {
      const { step, status, attempt, startedAt, finishedAt } = operation;
      const output = textOrNull(operation.output);
      const error = textOrNull(operation.error);
      const { changes } = statements.alterStep.run(status, attempt, output, error, startedAt, finishedAt, run, step);
      return changes === 1;
    }
    case 'intend-change': {
      const { seq, step, kind, target, status, reason, bootId } = operation.change;
      const columns = { record: JSON.stringify(operation.change.record), undo: JSON.stringify(operation.change.undo) };
      statements.intendChange.run({ run, seq, step, kind, target, status, reason, bootId, ...columns });
      return true;
    }
    case 'change.applied': {
      const { seq, target } = operation;
      const columns = { record: JSON.stringify(operation.record), undo: JSON.stringify(operation.undo) };
      return statements.applyChange.run({ run, seq, target, ...columns }).changes === 1;
    }
    case 'change.settled': {
      const { seq, status, reason } = operation;
      return statements.settleChange.run({ run, seq, status, reason }).changes === 1;
    }
  }
}

/** JSON null is kept as NULL. */
function textOrNull(value: Json | { readonly code: string }): string | null {
  return value === null ? null : JSON.stringify(value);
}
