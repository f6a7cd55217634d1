import type { Narrative } from '../../engine/narrative.ts';
import type { StoredEvidence } from '../../engine/ports/history.ts';
import type { RunMaterial } from '../run-material.ts';
import type { RunRecord } from '../run-record.ts';

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
