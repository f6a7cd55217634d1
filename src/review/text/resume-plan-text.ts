import type { PlannedStep, ResumePlan } from '../../engine/engine.ts';
import { counted } from './plain-text.ts';
import { type Cell, type Column, tableLines } from './table.ts';
import type { Paint, TextStyle } from './text-style.ts';

const COLUMNS: readonly Column[] = [
  { title: 'step', shrinksTo: 14 },
  { title: 'kind', shrinksTo: 10 },
  { title: 'plan' },
  { title: 'why', shrinksTo: 20 },
];

/** What `wf resume --dry-run` prints: what would become of each step and why, by stage. */
export function resumePlanLines(run: string, { direction, steps }: ResumePlan, style: TextStyle): readonly string[] {
  const { colors } = style;
  const goal = direction === 'forward' ? 'would go on to its end' : 'would go on being rolled back';
  const title = `${colors.bold(run)} ${goal}: ${totals(steps)}; nothing was touched`;
  if (steps.length === 0) return [title];
  const rows = steps.map(({ step, kind, plan, why }): readonly Cell[] => [
    step,
    kind,
    { text: plan, paint: planPaint(plan, style) },
    why,
  ]);
  const [titles = '', ...lines] = tableLines(COLUMNS, rows, style, '  ');
  const grouped = lines.flatMap((line, index) => {
    const stage = steps[index]?.stage ?? '';
    return stage === steps[index - 1]?.stage ? [line] : [colors.bold(stage), line];
  });
  return [title, '', titles, ...grouped];
}

/** `3 steps: 2 kept, 1 run`. */
function totals(steps: readonly PlannedStep[]): string {
  const plans = [...new Set(steps.map(({ plan }) => plan))];
  const counts = plans.map((plan) => `${steps.filter((step) => step.plan === plan).length} ${plan}`);
  return [counted(steps.length, 'step'), ...(counts.length === 0 ? [] : [counts.join(', ')])].join(': ');
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
