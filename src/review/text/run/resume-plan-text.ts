import type { PlannedStep, ResumePlan } from '../../../engine/run/engine.ts';
import { counted, oneLine } from '../format/plain-text.ts';
import { type Cell, type Column, tableLines } from '../format/table.ts';
import type { Paint, TextStyle } from '../format/text-style.ts';

const COLUMNS: readonly Column[] = [
  { title: 'step', shrinksTo: 14 },
  { title: 'kind', shrinksTo: 10 },
  { title: 'plan' },
  { title: 'why', shrinksTo: 20 },
];

/**
 * Returns the output of `wf resume --dry-run`: the plan for each step so far, by stage; then the stages to come.
 * @param goal what would become of the run
 */
export function resumePlanLines(
  run: string,
  { direction, steps }: ResumePlan,
  stageNames: readonly string[],
  style: TextStyle,
  goal = direction === 'forward' ? 'would be resumed' : 'would be rolled back',
): readonly string[] {
  const { colors } = style;
  const title = `${colors.bold(run)} ${goal}; ${totals(direction, steps)}; nothing was touched`;
  const rows = steps.map(({ step, kind, plan, why }): readonly Cell[] => [
    step,
    kind,
    { text: plan, paint: planPaint(plan, style) },
    why,
  ]);
  const [titles = '', ...lines] = tableLines(COLUMNS, rows, style, '  ');
  const grouped = lines.flatMap((line, index) => {
    const stage = steps[index]?.stage ?? '';
    return stage === steps[index - 1]?.stage ? [line] : [colors.bold(oneLine(stage)), line];
  });
  const table = steps.length === 0 ? [] : ['', titles, ...grouped];
  return [title, ...table, ...afterwards(direction, steps, stageNames)];
}

function afterwards(
  direction: ResumePlan['direction'],
  steps: readonly PlannedStep[],
  stageNames: readonly string[],
): readonly string[] {
  if (direction === 'back') return ['', 'then the host is compared with its state before the run'];
  const toCome = stagesToCome(steps, stageNames);
  return toCome.length === 0 ? [] : ['', `then, as the machine decides: ${oneLine(toCome.join(', '))}`];
}

/** Returns `33 steps so far: 32 kept, 1 adopted`. */
function totals(direction: ResumePlan['direction'], steps: readonly PlannedStep[]): string {
  const plans = [...new Set(steps.map(({ plan }) => plan))];
  const counts = plans.map((plan) => `${steps.filter((step) => step.plan === plan).length} ${plan}`);
  const total = direction === 'forward' ? `${counted(steps.length, 'step')} so far` : counted(steps.length, 'change');
  return counts.length === 0 ? total : `${total}: ${counts.join(', ')}`;
}

/** Returns the stages after the last one that has steps. */
function stagesToCome(steps: readonly PlannedStep[], stageNames: readonly string[]): readonly string[] {
  const entered = new Set(steps.map(({ stage }) => stage));
  const last = stageNames.findLastIndex((name) => entered.has(name));
  return stageNames.slice(last + 1);
}

function planPaint(plan: PlannedStep['plan'], { colors }: TextStyle): Paint {
  switch (plan) {
    case 'kept':
    case 'adopted':
    case 'gone':
      return colors.green;
    case 'run':
    case 'completed':
      return colors.cyan;
    case 'undone':
      return colors.yellow;
    case 'refused':
      return colors.red;
  }
}
