import type { StoredEvidence } from '../../engine/ports/history.ts';
import type { Narrative } from '../../engine/workflow/narrative.ts';
import type { RunMaterial } from '../record/run-material.ts';
import type { RunRecord } from '../record/run-record.ts';

/** What only the workflow that a run was made with can tell of it. */
export type ToldByWorkflow =
  /** `narrative` is null where the workflow has none. */
  | { readonly type: 'told'; readonly narrative: Narrative | null }
  | { readonly type: 'changed' }
  /** Its file is gone or fails: why. */
  | { readonly type: 'unavailable'; readonly reason: string };

/** All that a report is written from. */
export interface ReportSource {
  readonly material: RunMaterial;
  readonly record: RunRecord;
  readonly evidence: readonly StoredEvidence[];
  readonly told: ToldByWorkflow;
}

export function narrativeOf({ told }: ReportSource): Narrative | null {
  return told.type === 'told' ? told.narrative : null;
}
