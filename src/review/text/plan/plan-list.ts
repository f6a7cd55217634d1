import type { StoredPlan } from '../../../engine/plan/saved-plan.ts';
import { relativeTimeText } from '../format/duration.ts';
import { type Cell, type Column, tableLines } from '../format/table.ts';
import type { TextStyle } from '../format/text-style.ts';

const COLUMNS: readonly Column[] = [
  { title: 'id', shrinksTo: 10 },
  { title: 'workflow', shrinksTo: 12 },
  { title: 'created', goes: 1 },
  { title: 'used by', shrinksTo: 10 },
];

/** Returns the output of `wf plans`: one line for each plan. */
export function planListLines(plans: readonly StoredPlan[], now: number, style: TextStyle): readonly string[] {
  const rows = plans.map(({ id, workflow, createdAt, usedBy }): readonly Cell[] => [
    id,
    workflow,
    relativeTimeText(createdAt, now),
    usedBy === null ? 'unused' : `run ${usedBy}`,
  ]);
  return tableLines(COLUMNS, rows, style);
}
