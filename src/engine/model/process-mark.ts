import * as z from 'zod/mini';
import { ownerSchema, runIdSchema } from './identity-schemas.ts';
import { asStepId, type RunId, type StepId } from './ids.ts';
import { lazy } from './lazy.ts';
import type { Owner } from './owner.ts';

/** The environment variable that every process carries which an attempt at a step, or the undoing of one, starts. */
export const PROCESS_MARK_VARIABLE = 'WF_PROCESS';

/** What a process was started for, and by which wf. Its own children inherit it. */
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

/** The value of the variable. */
export function processMarkText({ run, step, attempt, owner }: ProcessMark): string {
  return JSON.stringify({ run, step, attempt, owner });
}

/** The mark in a value of the variable; undefined where it is none (somebody else may use the name). */
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
