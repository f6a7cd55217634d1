import type { StoredEvidence } from '../../engine/ports/history.ts';
import type { Statements } from '../sqlite/statements.ts';
import { deflateQuickly } from './compression.ts';

/**
 * So many characters of commands and output are kept of one step, over all its attempts and its undoing: 64 outputs of the
 * greatest length that the engine keeps of one. A step that polls for hours must not fill the disk.
 */
const STEP_LIMIT = 1024 * 1024;

/** Shorter outputs would hardly shrink, and most are shorter. */
const WORTH_PACKING = 512;

/** Stores what one commit adds to a run's evidence. What goes beyond the limit of its step is told once, and not kept. */
export function storeEvidence(statements: Statements, run: number, evidence: readonly StoredEvidence[]): void {
  const kept: StoredEvidence[] = [];
  for (const piece of evidence) {
    const size = Number(statements.evidenceSize().get({ run, step: piece.step }) ?? 0);
    if (size > STEP_LIMIT) continue;
    const grown = size + piece.command.length + piece.output.length;
    statements.setEvidenceSize().run({ run, step: piece.step, size: grown });
    kept.push(grown > STEP_LIMIT ? { ...piece, output: LEFT_OUT } : piece);
  }
  insertEvidence(statements, run, kept);
}

const LEFT_OUT = `[not kept, nor what came after it: the evidence of this step has more than ${STEP_LIMIT} characters]`;

/** Stores evidence as it is: that of a run file is bounded already. */
export function insertEvidence(statements: Statements, run: number, evidence: readonly StoredEvidence[]): void {
  if (evidence.length === 0) return;
  let ordinal = Number(statements.lastOrdinal().get({ run }) ?? 0);
  for (const { step, attempt, command, output, exitCode, startedAt, durationMs } of evidence) {
    ordinal += 1;
    const packed = output.length >= WORTH_PACKING;
    const text = packed ? { output: '', deflated: deflateQuickly(output) } : { output, deflated: null };
    statements.insertEvidence().run({ run, ordinal, step, attempt, command, ...text, exitCode, startedAt, durationMs });
  }
}
