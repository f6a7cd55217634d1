import { limitText } from '../../engine/model/time-limit.ts';
import type { StepRunner } from '../../engine/workflow/step.ts';
import { oneLine } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';
import { schemaLines } from './schema-text.ts';

/**
 * Returns the output of `wf steps KIND`: the behaviour, the inputs and the outputs of a step runner.
 * @param origin the file that it is from, or `wf`
 * @param example an input as a workflow file has it, or null
 */
export function stepRunnerLines(
  runner: StepRunner,
  origin: string,
  example: string | null,
  style: TextStyle,
): readonly string[] {
  const { colors } = style;
  const { timeoutMs, retry } = runner.policy;
  return [
    `${colors.bold(oneLine(runner.kind))}  ${oneLine(runner.description)}`,
    `  ${behaviourWords(runner)}; time-out ${limitText(timeoutMs)}, attempts ${retry.attempts}; from ${oneLine(origin)}`,
    '',
    colors.bold('input'),
    ...schemaLines(runner.schemas.input, style),
    '',
    colors.bold('output'),
    ...schemaLines(runner.schemas.output, style),
    ...(example === null ? [] : ['', colors.bold('example'), ...example.split('\n').map((line) => `  ${line}`)]),
  ];
}

function behaviourWords({ behaviour }: StepRunner): string {
  if (behaviour.type !== 'change') {
    return behaviour.type === 'undo' ? 'undoes what earlier steps changed' : 'reads, and changes nothing';
  }
  return behaviour.kept === null ? 'changes the host; undone at rollback' : `changes the host; kept: ${behaviour.kept}`;
}
