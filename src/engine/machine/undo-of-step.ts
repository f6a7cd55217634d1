import { isJsonObject, type Json } from '../model/json.ts';
import type { Argv } from '../ports/command.ts';
import type { StepRunner } from '../workflow/step.ts';

/**
 * Facts about the undo of a step, before it is carried out. `known`: there is an undo, or nothing to undo; `none`: its input sets `undo` to
 * null; `not rehearsed`: its step runner rehearses no undo.
 */
export type UndoOfStep = 'known' | 'none' | 'not rehearsed';

/** @param rehearsed the commands of its rehearsal that undo it @throws WfError E_STEP_INPUT */
export function undoOfStep(
  { behaviour, parseInput }: StepRunner,
  input: Json,
  { undo: rehearsed }: { readonly undo: readonly Argv[] },
): UndoOfStep {
  if (behaviour.type !== 'change' || behaviour.kept !== null || rehearsed.length > 0) return 'known';
  const parsed = parseInput(input);
  const undo = isJsonObject(parsed) ? parsed['undo'] : undefined;
  if (undo === null) return 'none';
  // A change that does not survive a reboot vanishes with another one, like a link with its namespace.
  return undo !== undefined || !behaviour.survivesReboot ? 'known' : 'not rehearsed';
}
