import type { ExitCode } from '../../../engine/model/errors.ts';
import type { Engine, PlanRequest, RuntimeChoice } from '../../../engine/run/engine.ts';
import { planRecord } from '../../../review/record/plan-record.ts';
import { warningLines } from '../../../review/text/error-text.ts';
import { planLines } from '../../../review/text/plan/plan-text.ts';
import { nextLine } from '../../../review/text/run/end-of-run.ts';
import { runtimeLine } from '../../output/runtime-line.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';

interface PlanOptions {
  /** Whether to save the plan. */
  readonly save: boolean;
  readonly choice: RuntimeChoice;
  readonly json: boolean;
}

/**
 * `wf start --dry-run` and `--plan`: prints what the run would do, in order; `--plan` also saves it. A requirement that this machine
 * does not meet is a warning in a dry run, and an error for a plan.
 */
export async function printRunPlan(
  request: PlanRequest,
  { save, choice, json }: PlanOptions,
  engine: Engine,
  { out, err }: Terminal,
): Promise<ExitCode> {
  const planned = await engine.plan(request);
  const saved = save ? engine.savePlan(planned) : undefined;
  const warnings = planned.findings.flatMap(({ result }) =>
    result.met ? [] : [warningLines(result.error.toRecord(), err.style).join('\n')],
  );
  // Docker is the expected runtime.
  if (choice.why !== null && choice.runtime !== 'docker') writeLines(err, [runtimeLine(choice)]);
  // Without a Docker engine, all requirements that ask it fail for the same reason.
  writeLines(err, [...new Set(warnings)]);
  if (json) {
    writeJson(out, planRecord(saved ?? planned.plan));
    return 0;
  }
  writeLines(out, planLines(planned.plan, out.style));
  if (saved !== undefined) {
    writeLines(out, ['', `Saved as plan ${saved.id}.`, nextLine([`wf apply ${saved.id}`], out.style)]);
  }
  return 0;
}
