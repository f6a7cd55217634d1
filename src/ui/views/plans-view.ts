import { parsePlanId } from '../../engine/model/ids.ts';
import { planNotFound } from '../../engine/plan/plan-differences.ts';
import { type PlanRecord, planRecord } from '../../review/record/plan-record.ts';
import type { UiContext } from '../server/ui-context.ts';

/** Number of plans that the page shows. */
const MOST_PLANS = 200;

/** The saved plans. */
export interface PlansView {
  /** Newest first. */
  readonly plans: readonly PlanRow[];
  /** Whether there are older ones. */
  readonly hasMore: boolean;
}

export type PlanRow = Pick<PlanRecord, 'id' | 'createdAt' | 'workflow' | 'run' | 'usedBy'>;

export async function plansView(context: UiContext): Promise<PlansView> {
  const found = (await context.history())?.plans(MOST_PLANS + 1) ?? [];
  const plans = found.slice(0, MOST_PLANS).map(planRecord);
  return {
    plans: plans.map(({ id, createdAt, workflow, run, usedBy }) => ({ id, createdAt, workflow, run, usedBy })),
    hasMore: found.length > MOST_PLANS,
  };
}

/** @throws WfError E_PLAN_NOT_FOUND */
export async function planView(context: UiContext, text: string): Promise<PlanRecord> {
  const id = parsePlanId(text);
  const history = await context.history();
  const plan = id === undefined ? undefined : history?.plan(id);
  if (plan === undefined) throw planNotFound(text);
  return planRecord(plan);
}
