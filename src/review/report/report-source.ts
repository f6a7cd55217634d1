import type { StoredEvidence } from '../../engine/ports/history.ts';
import type { Narrative } from '../../engine/workflow/narrative.ts';
import type { RunMaterial } from '../record/run-material.ts';
import type { RunRecord } from '../record/run-record.ts';
import type { WorkflowNarrative } from './explanations.ts';

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
