import type { Change } from '../../engine/model/change.ts';
import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { DefinitionHash } from '../../engine/model/ids.ts';
import type { Json } from '../../engine/model/json.ts';
import type { StepStatus, StoredRunStatus } from '../../engine/ports/history.ts';
import type { Statements } from '../../sqlite/statements.ts';
import type { Attempt, ChangeApplied, ChangeSettled, ProjectedRows, StartStep } from './project.ts';

/** The rows of one run in the tables, for the transactions that append to its journal. */
export class TableRows implements ProjectedRows {
  readonly #statements: Statements;
  readonly #run: number;

  /** @param run its number */
  constructor(statements: Statements, run: number) {
    this.#statements = statements;
    this.#run = run;
  }

  beginRun(at: number): void {
    this.#update('UPDATE runs SET started_at = @at WHERE number = @run AND started_at IS NULL', { at });
  }

  takeLease(byAgent: boolean): void {
    this.#update(
      `UPDATE runs SET auto_resume = @byAgent OR json_extract(options, '$.resume') IS 'auto'
       WHERE number = @run AND imported_from IS NULL`,
      { byAgent: byAgent ? 1 : 0 },
    );
  }

  resumeRun(): void {
    this.#update(
      `UPDATE runs SET status = 'running', due_at = NULL WHERE number = @run AND status IN ('waiting', 'paused')`,
    );
  }

  setRunStatus(status: 'waiting' | 'paused' | 'unconfirmed', dueAt: number | null): boolean {
    return this.#update(
      `UPDATE runs SET status = @status, finished_at = NULL, due_at = iif(imported_from IS NULL, @dueAt, NULL)
       WHERE number = @run`,
      { status, dueAt },
    );
  }

  rollBackRun(error: ErrorRecord | null): boolean {
    return this.#update(
      `UPDATE runs SET status = 'rolling-back', finished_at = NULL, due_at = NULL, error = @error WHERE number = @run`,
      { error: textOrNull(error) },
    );
  }

  /** Returns false if the definition is not stored. */
  setDefinition(hash: DefinitionHash): boolean {
    return this.#update(
      `UPDATE runs SET definition_hash = @hash
       WHERE number = @run AND EXISTS (SELECT 1 FROM definitions WHERE hash = @hash)`,
      { hash },
    );
  }

  endRun(status: StoredRunStatus, output: Json, error: ErrorRecord | null, at: number): boolean {
    return this.#update(
      `UPDATE runs SET status = @status, output = @output, error = @error, finished_at = @at, due_at = NULL
       WHERE number = @run`,
      { status, output: textOrNull(output), error: textOrNull(error), at },
    );
  }

  startStep({ step, stage, kind, host, input }: StartStep, at: number): boolean {
    return this.#update(
      `INSERT INTO steps (run, id, stage, kind, host, status, attempts, started_at, input)
       VALUES (@run, @step, @stage, @kind, @host, 'running', 1, @at, @input) ON CONFLICT (run, id) DO NOTHING`,
      { step, stage, kind, host: host ?? null, at, input: JSON.stringify(input) },
    );
  }

  retryRun(): boolean {
    return this.#update(
      `UPDATE runs SET status = 'running', finished_at = NULL, output = NULL, error = NULL WHERE number = @run`,
    );
  }

  restartStep({ step, stage, kind, host, input }: StartStep): boolean {
    return this.#update(
      `UPDATE steps SET status = 'running', stage = @stage, kind = @kind, host = @host, input = @input, output = NULL,
         error = NULL, finished_at = NULL
       WHERE run = @run AND id = @step`,
      { step, stage, kind, host: host ?? null, input: JSON.stringify(input) },
    );
  }

  continueStep(
    { step, attempt }: Attempt,
    status: StepStatus,
    error: ErrorRecord | null,
    startedAt: number | null,
  ): boolean {
    return this.#update(
      `UPDATE steps SET status = @status, attempts = @attempt, output = NULL, error = @error,
         started_at = coalesce(@startedAt, started_at)
       WHERE run = @run AND id = @step AND finished_at IS NULL`,
      { step, attempt, status, error: textOrNull(error), startedAt },
    );
  }

  endStep(
    { step, attempt }: Attempt,
    status: StepStatus,
    output: Json,
    error: ErrorRecord | null,
    at: number,
  ): boolean {
    return this.#update(
      `UPDATE steps SET status = @status, attempts = @attempt, output = @output, error = @error, finished_at = @at
       WHERE run = @run AND id = @step AND finished_at IS NULL`,
      { step, attempt, status, output: textOrNull(output), error: textOrNull(error), at },
    );
  }

  intendChange({ seq, step, kind, target, title, host, record, undo, status, reason, bootId }: Change): void {
    this.#update(
      `INSERT OR REPLACE INTO changes (run, seq, step, kind, target, title, host, record, undo, status, reason, boot_id)
       VALUES (@run, @seq, @step, @kind, @target, @title, @host, @record, @undo, @status, @reason, @bootId)`,
      {
        seq,
        step,
        kind,
        target,
        title: title ?? null,
        host: host ?? null,
        record: JSON.stringify(record),
        undo: JSON.stringify(undo),
        status,
        reason,
        bootId,
      },
    );
  }

  applyChange({ seq, target, record, undo }: ChangeApplied): boolean {
    return this.#update(
      `UPDATE changes SET status = 'applied', reason = NULL, record = @record, target = @target, undo = @undo
       WHERE run = @run AND seq = @seq`,
      { seq, target, record: JSON.stringify(record), undo: JSON.stringify(undo) },
    );
  }

  settleChange({ seq, status, reason }: ChangeSettled): boolean {
    return this.#update('UPDATE changes SET status = @status, reason = @reason WHERE run = @run AND seq = @seq', {
      seq,
      status,
      reason,
    });
  }

  openRequest(seq: number): void {
    this.#update('INSERT INTO open_requests (run, seq) VALUES (@run, @seq)', { seq });
  }

  answerRequest(seq: number): boolean {
    return this.#update('DELETE FROM open_requests WHERE run = @run AND seq = @seq', { seq });
  }

  /** Returns whether a row was changed. */
  #update(sql: string, parameters: Readonly<Record<string, unknown>> = {}): boolean {
    return this.#statements.run(sql, { run: this.#run, ...parameters }).changes > 0;
  }
}

/** JSON null is stored as NULL. */
function textOrNull(value: Json | ErrorRecord): string | null {
  return value === null ? null : JSON.stringify(value);
}
