import * as z from 'zod/mini';
import { asStepId, type RunId, type StepId } from '../ids.ts';
import { lazy } from '../lazy.ts';
import { ownerSchema, runIdSchema } from './identity-schemas.ts';
import type { Owner } from './owner.ts';

/** The environment variable of every process that an attempt at a step, or its undo, starts. */
export const PROCESS_MARK_VARIABLE = 'WF_PROCESS';

/** The attempt for which a process was started, and by which wf. Child processes inherit it. */
export interface ProcessMark {
  readonly run: RunId;
  readonly step: StepId;
  /** The attempt, or `undo`. */
  readonly attempt: number | 'undo';
  readonly owner: Owner;
}

const schema = lazy(() =>
  z.object({
    run: runIdSchema(),
    step: z.pipe(z.string(), z.transform(asStepId)),
    attempt: z.union([z.int(), z.literal('undo')]),
    owner: ownerSchema(),
  }),
);

/** Returns a mark as the value of the variable. */
export function processMarkText({ run, step, attempt, owner }: ProcessMark): string {
  return JSON.stringify({ run, step, attempt, owner });
}

/** Parses a value of the variable; undefined if it is no mark (another program may use the name). */
export function parseProcessMark(text: string): ProcessMark | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema().safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
