import type { StoredEvidence, StoredStep } from '../../engine/ports/history.ts';
import { durationText } from './duration.ts';
import { harmless, oneLine } from './plain-text.ts';
import type { TextStyle } from './text-style.ts';

/**
 * What `wf logs` prints: the commands of a run and their output as a terminal session, by stage and step, in the order
 * in which the steps began; then those of the rollback. Output is never cut, but loses what would steer a terminal.
 */
export function transcriptLines(
  steps: readonly StoredStep[],
  evidence: readonly StoredEvidence[],
  style: TextStyle,
): readonly string[] {
  const parts = [...steps.flatMap((step) => stepPart(step, evidence, style)), ...rollbackParts(steps, evidence, style)];
  return parts.flatMap(({ chapter, lines }, index) => {
    const title = style.colors.bold(`=== ${chapter} ===`);
    const gap = index === 0 ? [] : [''];
    return parts[index - 1]?.chapter === chapter ? ['', ...lines] : [...gap, title, '', ...lines];
  });
}

/** What was done for one step, under the title that it belongs to: its stage, or `rollback`. */
interface Part {
  readonly chapter: string;
  readonly lines: readonly string[];
}

function stepPart(step: StoredStep, evidence: readonly StoredEvidence[], style: TextStyle): readonly Part[] {
  const own = evidence.filter((item) => item.step === step.id && !isOfRollback(item));
  const { error } = step;
  if (own.length === 0 && error === null) return [];
  const commands = own.flatMap((item, index) => {
    const before = own[index - 1]?.attempt ?? 1;
    const attempt = item.attempt === before ? [] : [style.colors.dim(`(attempt ${item.attempt})`)];
    return [...attempt, ...commandLines(item, style)];
  });
  const failure = error === null ? [] : [style.colors.red(`[${error.code}: ${oneLine(error.message)}]`)];
  return [{ chapter: step.stage, lines: [stepTitle(step, style), ...commands, ...failure] }];
}

function rollbackParts(
  steps: readonly StoredStep[],
  evidence: readonly StoredEvidence[],
  style: TextStyle,
): readonly Part[] {
  const undone = evidence.filter(isOfRollback);
  return undone.map((item, index) => {
    const step = steps.find((candidate) => candidate.id === item.step);
    const sameAsBefore = undone[index - 1]?.step === item.step;
    const title = step === undefined || sameAsBefore ? [] : [stepTitle(step, style)];
    return { chapter: 'rollback', lines: [...title, ...commandLines(item, style)] };
  });
}

/** The engine keeps what undoing a change needed under the attempt 0 of the step that made it. */
function isOfRollback({ attempt }: StoredEvidence): boolean {
  return attempt === 0;
}

function stepTitle({ id, kind }: StoredStep, { colors }: TextStyle): string {
  return colors.cyan(`--- ${id} (${kind}) ---`);
}

function commandLines(item: StoredEvidence, style: TextStyle): readonly string[] {
  const { colors } = style;
  return [`${colors.green('$')} ${colors.bold(oneLine(item.command))}`, ...outputLines(item), ending(item, style)];
}

function outputLines({ output }: StoredEvidence): readonly string[] {
  const text = harmless(output).replace(/\n+$/, '');
  return text === '' ? [] : text.split('\n');
}

function ending({ exitCode, durationMs }: StoredEvidence, { colors }: TextStyle): string {
  const end = exitCode === null ? 'ended by its deadline' : `exit ${exitCode}`;
  const text = `[${end}, ${durationText(durationMs)}]`;
  return exitCode === 0 ? colors.dim(text) : colors.yellow(text);
}
