import { limitText } from '../../engine/model/time-limit.ts';
import type { StepRunner } from '../../engine/workflow/step.ts';
import type { TextStyle } from './format/text-style.ts';
import { schemaLines } from './schema-text.ts';

/** Returns the output of `wf steps KIND`: the behaviour, the inputs and the outputs of a step runner. */
export function stepRunnerLines(runner: StepRunner, style: TextStyle): readonly string[] {
  const { colors } = style;
  const { timeoutMs, retry } = runner.policy;
  return [
    `${colors.bold(runner.kind)}  ${runner.description}`,
    `  ${behaviourWords(runner)}; time-out ${limitText(timeoutMs)}, attempts ${retry.attempts}`,
    '',
    colors.bold('input'),
    ...schemaLines(runner.schemas.input, style),
    '',
    colors.bold('output'),
    ...schemaLines(runner.schemas.output, style),
  ];
}

function behaviourWords({ behaviour }: StepRunner): string {
  if (behaviour.type !== 'change') {
    return behaviour.type === 'undo' ? 'undoes what earlier steps changed' : 'reads, and changes nothing';
  }
  return behaviour.kept === null ? 'changes the host; undone at rollback' : `changes the host; kept: ${behaviour.kept}`;
}
