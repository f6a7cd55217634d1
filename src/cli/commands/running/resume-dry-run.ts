import { asWfError, type ExitCode, errorOfRecord } from '../../../engine/model/errors.ts';
import type { ResumePlan } from '../../../engine/run/engine.ts';
import { actionRefusals } from '../../../review/actions/action-refusals.ts';
import { errorLines } from '../../../review/text/error-text.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { resumePlanLines } from '../../../review/text/run/resume-plan-text.ts';
import type { FoundRun } from '../../arguments/find-run.ts';
import { type ResumeOptions, resumeRequest } from '../../arguments/resume-request.ts';
import { worstExitCode } from '../../output/errors/exit-code.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import type { AllRuns } from './resume-all.ts';

interface PlanOptions extends ResumeOptions {
  readonly json: boolean;
}

/** `wf resume --dry-run`: prints what would happen to each step and why. Changes nothing. */
export async function printPlan(
  found: FoundRun,
  options: PlanOptions,
  services: Services,
  { out }: Terminal,
): Promise<ExitCode> {
  const planned = await planOf(found, options, services);
  if (options.json) writeJson(out, documentOf(found, planned));
  else writeLines(out, linesOf(found, planned, out.style));
  return 0;
}

/** `wf retry --dry-run`: prints the same for a run that failed. A run that was rolled back starts anew, and has no steps to show. */
export async function printRetryPlan(
  { history, run }: FoundRun,
  options: PlanOptions,
  services: Services,
  { out }: Terminal,
): Promise<ExitCode> {
  const { retry: refusal } = actionRefusals(history, run, services);
  if (refusal !== null) throw errorOfRecord(refusal);
  if (run.status === 'rolled-back') {
    if (options.json) writeJson(out, { run: run.id, direction: 'anew', steps: [] });
    else
      writeLines(out, [`${out.style.colors.bold(run.id)} would be started anew as another run; nothing was touched`]);
    return 0;
  }
  const due = { ...run, isRetryDue: true };
  const request = await resumeRequest(due, options, history, services);
  const engine = await services.engine();
  const planned = { plan: await engine.planRetry(request), stageNames: request.workflow.model.stages };
  if (options.json) writeJson(out, documentOf({ run }, planned));
  else writeLines(out, linesOf({ run }, planned, out.style, 'would be retried'));
  return 0;
}

/** Prints the plan of each run of `--all`; a run that cannot resume does not block the others. */
export async function printPlans(all: AllRuns, services: Services, { out, err }: Terminal): Promise<ExitCode> {
  if (all.runs.length === 0 && !all.json) writeLines(err, ['Nothing to resume.']);
  const codes: ExitCode[] = [];
  const documents: unknown[] = [];
  for (const found of all.runs) {
    try {
      const planned = await planOf(found, all, services);
      documents.push(documentOf(found, planned));
      if (!all.json) writeLines(out, [...(found === all.runs[0] ? [] : ['']), ...linesOf(found, planned, out.style)]);
    } catch (thrown) {
      const error = asWfError(thrown);
      codes.push(error.exitCode);
      documents.push({ run: found.run.id, error: error.toRecord() });
      if (!all.json) writeLines(err, errorLines(error.toRecord(), err.style));
    }
  }
  if (all.json) writeJson(out, documents);
  return worstExitCode(codes);
}

interface Planned {
  readonly plan: ResumePlan;
  readonly stageNames: readonly string[];
}

async function planOf({ history, run }: FoundRun, options: ResumeOptions, services: Services): Promise<Planned> {
  const request = await resumeRequest(run, options, history, services);
  const engine = await services.engine();
  return { plan: await engine.planResume(request), stageNames: request.workflow.model.stages };
}

function linesOf(
  { run }: Pick<FoundRun, 'run'>,
  { plan, stageNames }: Planned,
  style: TextStyle,
  goal?: string,
): readonly string[] {
  return resumePlanLines(run.id, plan, stageNames, style, goal);
}

function documentOf({ run }: Pick<FoundRun, 'run'>, { plan: { direction, steps } }: Planned) {
  return {
    run: run.id,
    direction,
    steps: steps.map(({ step, stage, kind, plan, why }) => ({ step, stage, kind, plan, why })),
  };
}
