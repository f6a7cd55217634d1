import * as z from 'zod/mini';
import { asStepId } from '../../engine/model/ids.ts';
import { lazy } from '../../engine/model/lazy.ts';
import type { StoredEvidence } from '../../engine/ports/history.ts';
import type { Statements } from '../../sqlite/statements.ts';
import { compress } from './compression.ts';
import { compressedText } from './parse-row.ts';

/**
 * Number of characters of commands and output stored for one step, over all its attempts and its undo: 64 outputs of the greatest
 * length that the engine keeps of one. A step that polls for hours must not fill the disk.
 */
const STEP_LIMIT = 1024 * 1024;
const OMITTED = `[omitted, like all later evidence of this step: it has more than ${STEP_LIMIT} characters]`;

/** Length in characters from which compression saves space. */
const COMPRESSED_FROM = 512;

export const EVIDENCE_COLUMNS = 'step, attempt, command, output, exit_code, started_at, duration_ms';

/** A piece of evidence, of the columns {@link EVIDENCE_COLUMNS}. */
export const evidenceRow = lazy(() =>
  z.pipe(
    z.object({
      step: z.pipe(z.string(), z.transform(asStepId)),
      attempt: z.number(),
      command: z.string(),
      output: z.union([z.string(), compressedText()]),
      exit_code: z.nullable(z.number()),
      started_at: z.number(),
      duration_ms: z.number(),
    }),
    z.transform(
      ({ exit_code: exitCode, started_at: startedAt, duration_ms: durationMs, ...row }): StoredEvidence => ({
        ...row,
        exitCode,
        startedAt,
        durationMs,
      }),
    ),
  ),
);

/** Stores the evidence of one commit. A notice replaces the first output beyond the limit of its step; later evidence is dropped. */
export function storeEvidence(statements: Statements, run: number, evidence: readonly StoredEvidence[]): void {
  const kept: StoredEvidence[] = [];
  for (const piece of evidence) {
    const { step } = piece;
    const size = Number(
      statements.value('SELECT evidence_size FROM steps WHERE run = @run AND id = @step', { run, step }) ?? 0,
    );
    if (size > STEP_LIMIT) continue;
    const grown = size + piece.command.length + piece.output.length;
    statements.run('UPDATE steps SET evidence_size = @grown WHERE run = @run AND id = @step', { run, step, grown });
    kept.push(grown > STEP_LIMIT ? { ...piece, output: OMITTED } : piece);
  }
  insertEvidence(statements, run, kept);
}

/** Stores evidence without a limit: that of a run file is limited already. */
export function insertEvidence(statements: Statements, run: number, evidence: readonly StoredEvidence[]): void {
  if (evidence.length === 0) return;
  let ordinal = Number(statements.value('SELECT max(ordinal) FROM evidence WHERE run = @run', { run }) ?? 0);
  for (const { step, attempt, command, output, exitCode, startedAt, durationMs } of evidence) {
    ordinal += 1;
    statements.run(
      `INSERT INTO evidence (run, ordinal, step, attempt, command, output, exit_code, started_at, duration_ms)
       VALUES (@run, @ordinal, @step, @attempt, @command, @output, @exitCode, @startedAt, @durationMs)`,
      {
        run,
        ordinal,
        step,
        attempt,
        command,
        output: output.length < COMPRESSED_FROM ? output : compress(output),
        exitCode,
        startedAt,
        durationMs,
      },
    );
  }
}
