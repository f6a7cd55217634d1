import type { RunHost } from '../ports/runtime.ts';
import type { EngineDependencies, PreflightFinding, StartRequest } from '../run/engine.ts';
import type { RedactedInput } from '../secrets/secrets.ts';
import { planDifferences, planNotFound, planOutdated, planUsed, unmetDifferences } from './plan-differences.ts';
import { planRun } from './plan-run.ts';
import type { SavedPlan } from './saved-plan.ts';

/** @throws WfError E_PLAN_USED, E_PLAN_NOT_FOUND */
export function requireUnused({ history }: EngineDependencies, { id }: SavedPlan): void {
  const stored = history.plan(id);
  if (stored === undefined) throw planNotFound(id);
  if (stored.usedBy !== null) throw planUsed(id, stored.usedBy);
}

/** Compares a plan with the same plan made now. @param findings of the requirements @throws WfError E_PLAN_OUTDATED */
export async function requireAsPlanned(
  { workflow, definition, runtime }: StartRequest,
  plan: SavedPlan,
  redacted: RedactedInput,
  host: RunHost,
  findings: readonly PreflightFinding[],
): Promise<void> {
  const { options, run, steps: earlier } = plan;
  const now = await planRun({ workflow, definition, runtime, options, run, earlier }, redacted, host);
  const folderAndUser = [...workflow.model.runners.values()].some(({ runsAnyCommand }) => runsAnyCommand);
  const differences = [
    ...planDifferences(plan, now, { network: runtime === 'docker', folderAndUser }),
    ...unmetDifferences(findings),
  ];
  if (differences.length > 0) throw planOutdated(plan, differences);
}
