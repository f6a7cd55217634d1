import { commandLine } from '../../engine/model/evidence.ts';
import type { RehearsedStep } from '../../engine/run/engine.ts';
import { counted, oneLine } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';

/** Returns the output of a dry run: each stage with its steps and the equivalent commands, which are never cut. */
export function rehearsalLines(
  workflow: string,
  steps: readonly RehearsedStep[],
  { colors }: TextStyle,
): readonly string[] {
  const lines: string[] = [];
  let stage: string | undefined;
  for (const step of steps) {
    if (step.stage !== stage) lines.push('', colors.bold(oneLine(step.stage)));
    stage = step.stage;
    const what =
      step.does === 'read' ? colors.dim('reads') : colors.yellow(step.does === 'undo' ? 'undoes' : 'changes');
    lines.push(`  ${oneLine(step.step)}  ${colors.dim(oneLine(step.kind))}  ${what}  ${oneLine(step.description)}`);
    lines.push(...step.commands.map((argv) => `    ${colors.green('$')} ${oneLine(commandLine(argv))}`));
  }
  const changing = steps.filter((step) => step.does !== 'read').length;
  const total = `${counted(steps.length, 'step')}, ${changing} of them changing the host; nothing was touched`;
  return [`${colors.bold(workflow)}: ${total}`, ...lines];
}
