import { WfError } from '../engine/model/errors.ts';
import type { PlanId } from '../engine/model/ids.ts';
import { parseRunId } from '../engine/model/ids.ts';
import { planNotFound, planUsed } from '../engine/plan/plan-differences.ts';
import type { SavedPlan } from '../engine/plan/saved-plan.ts';
import type { Statements } from '../sqlite/statements.ts';

/** Stores a plan, whose definition is stored already. @throws WfError E_INTERNAL if there is one with this id */
export function storePlan(statements: Statements, plan: SavedPlan): void {
  const { id, createdAt, workflow, definitionHash, ...rest } = plan;
  const { changes } = statements.run(
    `INSERT INTO plans (id, created_at, workflow, definition_hash, plan)
     VALUES (@id, @createdAt, @workflow, @definitionHash, @plan) ON CONFLICT (id) DO NOTHING`,
    { id, createdAt, workflow, definitionHash, plan: JSON.stringify(rest) },
  );
  if (changes === 0) throw new WfError('E_INTERNAL', `plan ${id} exists already`, { hint: 'Make the plan again.' });
}

/** Marks a plan as used by a run. @param run its number @throws WfError E_PLAN_USED, E_PLAN_NOT_FOUND */
export function usePlan(statements: Statements, id: PlanId, run: number): void {
  const { changes } = statements.run('UPDATE plans SET run = @run WHERE id = @id AND run IS NULL', { id, run });
  if (changes === 1) return;
  const used = statements.value('SELECT runs.id FROM plans JOIN runs ON runs.number = plans.run WHERE plans.id = @id', {
    id,
  });
  const by = parseRunId(String(used ?? ''));
  throw by === undefined ? planNotFound(id) : planUsed(id, by);
}
