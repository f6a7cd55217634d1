import { commandLine } from '../../../engine/model/evidence.ts';
import type { ConfirmRule, RunOptions } from '../../../engine/model/journal-event.ts';
import { onHostName } from '../../../engine/model/on-host-name.ts';
import { limitText } from '../../../engine/model/time-limit.ts';
import { observedWords } from '../../../engine/plan/observed-words.ts';
import type { PlanStep, RunPlan, StoredPlan } from '../../../engine/plan/saved-plan.ts';
import { relativeTimeText } from '../format/duration.ts';
import { counted, oneLine } from '../format/plain-text.ts';
import type { TextStyle } from '../format/text-style.ts';

/**
 * Returns the plan of a run: each stage with its steps, the equivalent commands, which are never cut, the observed state of the host, and
 * the dependencies on outputs that are not known yet.
 */
export function planLines({ workflow, steps, options }: RunPlan, style: TextStyle): readonly string[] {
  const title = `${style.colors.bold(workflow)}: ${totals(steps)}; nothing was touched`;
  return [title, ...optionLines(options), ...stepLines(steps, style)];
}

/** Returns the output of `wf plans PLAN`. */
export function savedPlanLines(plan: StoredPlan, now: number, style: TextStyle): readonly string[] {
  const { id, createdAt, workflow, usedBy, run, runtime, input, options, place, steps } = plan;
  const { bold } = style.colors;
  const inputs = Object.entries(input).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const facts: readonly (readonly [name: string, text: string | null])[] = [
    ['run', usedBy === null ? `${run}, not started` : usedBy],
    ['file', options.file ?? null],
    ['confirm', options.confirm === undefined ? null : confirmWords(options.confirm)],
    ['resume', options.resume === undefined ? null : 'by `wf agent` if its process ends early'],
    ['notify', options.notify ? commandLine(options.notify) : null],
    ['input', inputs.length === 0 ? null : inputs.join(' ')],
    ['runtime', runtime],
    ['on failure', options.onFailure],
    ['pause after', options.pauseAfter],
    ['directory', place?.folder ?? null],
    ['boot id', place?.bootId ?? null],
    ['engine', place?.engine ?? null],
  ];
  return [
    `${bold(id)}: plan of ${bold(workflow)}, created ${relativeTimeText(createdAt, now)}; ${totals(steps)}`,
    ...facts.flatMap(([name, text]) => (text === null ? [] : [`  ${name}: ${oneLine(text)}`])),
    ...stepLines(steps, style),
  ];
}

function optionLines({ confirm, resume, notify }: RunOptions): readonly string[] {
  return [
    ...(confirm === undefined ? [] : [confirmWords(confirm)]),
    ...(resume === undefined ? [] : ['an agent resumes the run if its process ends early']),
    ...(notify ? [`notifies ${oneLine(commandLine(notify))}`] : []),
  ];
}

/** Returns how a run has to be confirmed. */
export function confirmWords({ withinMs, applyWithinMs, newSession, probe, guard }: ConfirmRule): string {
  const by = newSession ? ' by a new login session' : '';
  const and = probe === null ? '' : `, and ${oneLine(probe)} must succeed again`;
  const guarded = guard ? 'a guard takes it back otherwise' : 'without a guard';
  return `to be applied within ${limitText(applyWithinMs)} and confirmed within ${limitText(withinMs)} after that${by}${and}; ${guarded}`;
}

function totals(steps: readonly PlanStep[]): string {
  const changing = steps.filter((step) => step.does !== 'read').length;
  return `${counted(steps.length, 'step')}, ${changing} of them changing the host`;
}

function stepLines(steps: readonly PlanStep[], style: TextStyle): readonly string[] {
  const { colors } = style;
  return steps.flatMap((step, index) => [
    ...(step.stage === steps[index - 1]?.stage ? [] : ['', colors.bold(oneLine(step.stage))]),
    `  ${oneLine(step.step)}  ${colors.dim(oneLine(onHostName(step.host, step.kind)))}  ${effectOf(step, style)}  ${oneLine(step.description)}`,
    ...step.commands.map((command) => `    ${colors.green('$')} ${oneLine(command)}`),
    ...(step.observed === null ? [] : [observedLine(step.observed, style)]),
    ...(step.inputFrom.length === 0 ? [] : [`    depends on the output of ${oneLine(step.inputFrom.join(', '))}`]),
    ...(step.onlyIf.length === 0 ? [] : [`    runs only with some outputs of ${oneLine(step.onlyIf.join(', '))}`]),
  ]);
}

function effectOf({ does }: PlanStep, { colors }: TextStyle): string {
  return does === 'read' ? colors.dim('reads') : colors.yellow(does === 'undo' ? 'undoes' : 'changes');
}

function observedLine(observed: NonNullable<PlanStep['observed']>, { colors }: TextStyle): string {
  const words = oneLine(observedWords(observed));
  const isInTheWay = observed.found === 'foreign' || observed.found === 'ours';
  return `    observed: ${isInTheWay ? colors.red(words) : words}`;
}
