import { asStepId } from '../engine/ids.ts';
import { isNumber, isNumberOrNull, isText, jsonOf } from '../engine/plain-values.ts';
import { STEP_STATUSES, type StoredStep } from '../engine/ports/history.ts';

/**
 * The step of a row where all that `stepRow` asks of it is plain to see; equal to what that would make of it. Undefined where that is
 * for `stepRow` to say: nothing is refused here. To make the schema takes a millisecond of each start.
 * @param row in the order in which the statement `steps` has the columns
 */
export function plainStep(row: readonly unknown[]): StoredStep | undefined {
  const [id, stage, kind, givenStatus, attempts, startedAt, finishedAt, inputText, outputText, error] = row;
  const status = STEP_STATUSES.find((known) => known === givenStatus);
  if (!isText(id) || !isText(stage) || !isText(kind) || status === undefined) return undefined;
  if (!isNumber(attempts) || !isNumber(startedAt) || !isNumberOrNull(finishedAt)) return undefined;
  const input = jsonOf(inputText);
  const output = outputText === null ? null : jsonOf(outputText);
  // What an error is, is for its schema to say.
  if (input === undefined || output === undefined || error !== null) return undefined;
  return { id: asStepId(id), stage, kind, status, attempts, input, output, error, startedAt, finishedAt };
}
