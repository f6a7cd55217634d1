import type { StoredEvidence } from '../../engine/ports/history.ts';
import { isoTime } from './iso-time.ts';

/** A command and its output, as `wf logs --json` prints them. */
export interface EvidenceRecord {
  readonly stage: string | null;
  readonly step: string;
  /** From 1; 0 for the undo of a change of the step. */
  readonly attempt: number;
  readonly command: string;
  readonly output: string;
  readonly exitCode: number | null;
  readonly startedAt: string;
  readonly durationMs: number;
}

export function evidenceRecord(item: StoredEvidence, stage: string | null): EvidenceRecord {
  return {
    stage,
    step: item.step,
    attempt: item.attempt,
    command: item.command,
    output: item.output,
    exitCode: item.exitCode,
    startedAt: isoTime(item.startedAt),
    durationMs: item.durationMs,
  };
}

/** Whether evidence belongs to the undo of a change: the engine stores it as attempt 0 of the step that made the change. */
export function isOfRollback({ attempt }: Pick<StoredEvidence, 'attempt'>): boolean {
  return attempt === 0;
}
