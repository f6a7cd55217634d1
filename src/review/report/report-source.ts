import type { StoredEvidence } from '../../engine/ports/history.ts';
import type { Narrative } from '../../engine/workflow/narrative.ts';
import type { RunMaterial } from '../record/run-material.ts';
import type { RunRecord } from '../record/run-record.ts';

/** The narrative of the workflow for a run, if the workflow has not changed since. */
export type WorkflowNarrative =
  /** `narrative` is null if the workflow has none. */
  | { readonly type: 'available'; readonly narrative: Narrative | null }
  | { readonly type: 'changed' }
  /** The workflow file is gone, or fails. */
  | { readonly type: 'unavailable'; readonly reason: string };

/** The sources of a report. */
export interface ReportSource {
  readonly material: RunMaterial;
  readonly record: RunRecord;
  readonly evidence: readonly StoredEvidence[];
  readonly workflowNarrative: WorkflowNarrative;
}

export function narrativeOf({ workflowNarrative }: ReportSource): Narrative | null {
  return workflowNarrative.type === 'available' ? workflowNarrative.narrative : null;
}
