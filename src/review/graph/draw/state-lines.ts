import { oneLine } from '../../text/format/plain-text.ts';
import { type GraphState, kindOnHost, stepsIn } from '../machine-graph.ts';
import { markOf, type RunMarks } from '../run-marks.ts';
import { SIGNS } from './mark-style.ts';

/** Returns the text of a box: the name of its state, then its steps, each with the sign of its mark. */
export function textLinesOf(state: GraphState, marks: RunMarks | undefined): readonly [string, ...string[]] {
  const sign = marks === undefined ? '' : `${SIGNS[markOf(marks, state.id)]} `;
  const steps = stepsIn(state).map((step) => {
    const stepSign = marks === undefined ? '' : `${SIGNS[marks.steps.get(step.invoke) ?? 'not-run']} `;
    return oneLine(`${stepSign}${step.invoke} (${kindOnHost(step)})`);
  });
  return [oneLine(`${sign}${state.name}`), ...steps];
}
