import type { Change } from '../../engine/change.ts';
import type { ErrorRecord } from '../../engine/errors.ts';
import type { DefinitionHash } from '../../engine/ids.ts';
import type { Json } from '../../engine/json.ts';
import type { StepStatus, StoredRunStatus } from '../../engine/ports/history.ts';
import type { Statements } from '../sqlite/statements.ts';
import type { Attempt, ChangeApplied, ChangeSettled, ProjectedRows, StartStep } from './project.ts';

/** What is known of a run's row: most entries leave it as it is, and then it is not written. */
interface RunRow {
  readonly number: number;
  /** Whether it has a start. */
  readonly hasBegun: boolean;
  /** Whether it is `waiting` or `paused`. */
  readonly isResting: boolean;
}

/** The rows of one run in the tables, for the transactions that append to its journal. */
export class StoredRows implements ProjectedRows {
  /** The number of the run. */
  readonly run: number;
  readonly #statements: Statements;
  #hasBegun: boolean;
  #isResting: boolean;

  constructor(statements: Statements, { number, hasBegun, isResting }: RunRow) {
    this.run = number;
    this.#statements = statements;
    this.#hasBegun = hasBegun;
    this.#isResting = isResting;
  }

  beginRun(at: number): void {
    if (!this.#hasBegun) this.#statements.beginRun().run(at, this.run);
    this.#hasBegun = true;
  }

  goOn(): void {
    if (this.#isResting) this.#statements.goOn().run(this.run);
    this.#isResting = false;
  }

  setRunStatus(status: 'waiting' | 'paused'): boolean {
    this.#isResting = true;
    return this.#statements.setRunStatus().run({ run: this.run, status }).changes === 1;
  }

  rollBackRun(error: ErrorRecord | null): boolean {
    this.#isResting = false;
    return this.#statements.rollBackRun().run({ run: this.run, error: textOrNull(error) }).changes === 1;
  }

  setDefinition(hash: DefinitionHash): boolean {
    return this.#statements.setDefinition().run({ run: this.run, hash }).changes === 1;
  }

  endRun(status: StoredRunStatus, output: Json, error: ErrorRecord | null, at: number): boolean {
    this.#isResting = status === 'waiting' || status === 'paused';
    const endRun = this.#statements.endRun();
    return endRun.run(status, textOrNull(output), textOrNull(error), at, this.run).changes === 1;
  }

  startStep({ step, stage, kind, input }: StartStep, at: number): boolean {
    const insertStep = this.#statements.insertStep();
    return insertStep.run(this.run, step, stage, kind, at, JSON.stringify(input)).changes === 1;
  }

  stepGoesOn(of: Attempt, status: StepStatus, error: ErrorRecord | null, startedAt: number | null): boolean {
    return this.#alterStep(of, status, null, error, startedAt, null);
  }

  stepEnds(of: Attempt, status: StepStatus, output: Json, error: ErrorRecord | null, at: number): boolean {
    return this.#alterStep(of, status, output, error, null, at);
  }

  #alterStep(
    { step, attempt }: Attempt,
    status: StepStatus,
    output: Json,
    error: ErrorRecord | null,
    startedAt: number | null,
    finishedAt: number | null,
  ): boolean {
    const alterStep = this.#statements.alterStep();
    const told = textOrNull(output);
    const failure = textOrNull(error);
    return alterStep.run(status, attempt, told, failure, startedAt, finishedAt, this.run, step).changes === 1;
  }

  intendChange({ seq, step, kind, target, status, reason, bootId, ...change }: Change): void {
    const columns = { record: JSON.stringify(change.record), undo: JSON.stringify(change.undo) };
    this.#statements.intendChange().run({
      run: this.run,
      seq,
      step,
      kind,
      target,
      status,
      reason,
      bootId,
      ...columns,
    });
  }

  applyChange({ seq, target, record, undo }: ChangeApplied): boolean {
    const columns = { run: this.run, seq, target, record: JSON.stringify(record), undo: JSON.stringify(undo) };
    return this.#statements.applyChange().run(columns).changes === 1;
  }

  settleChange({ seq, status, reason }: ChangeSettled): boolean {
    return this.#statements.settleChange().run({ run: this.run, seq, status, reason }).changes === 1;
  }
}

/** JSON null is kept as NULL. */
function textOrNull(value: Json | ErrorRecord): string | null {
  return value === null ? null : JSON.stringify(value);
}
