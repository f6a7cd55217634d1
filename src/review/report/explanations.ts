import { z } from 'zod';
import { narrativeSchema, REPORT_LANGUAGES } from '../../engine/workflow/narrative.ts';

/** The narrative of the workflow for a run, if the workflow has not changed since. */
const workflowNarrativeSchema = z.discriminatedUnion('type', [
  /** `narrative` is null if the workflow has none. */
  z.object({ type: z.literal('available'), narrative: narrativeSchema.nullable() }),
  z.object({ type: z.literal('changed') }),
  /** The workflow file is gone, or fails. */
  z.object({ type: z.literal('unavailable'), reason: z.string() }),
]);
export type WorkflowNarrative = Readonly<z.infer<typeof workflowNarrativeSchema>>;

/** The output of `wf report --format json`: what a report adds to the record and the commands of a run. */
export const explanationsSchema = z.object({
  run: z.string(),
  language: z.enum(REPORT_LANGUAGES),
  explanations: workflowNarrativeSchema,
});
export type Explanations = Readonly<z.infer<typeof explanationsSchema>>;
